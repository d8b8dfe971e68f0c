//! Reading and patching big-endian integers of a datagram. Total: out of range is `None` or `false`.

/// The `N` bytes at `at`.
#[inline]
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Big-endian 16 bits at `at`.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// Big-endian 24 bits at `at`.
#[inline]
pub(crate) fn u24_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
}

/// Big-endian 32 bits at `at`.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// Big-endian 64 bits at `at`.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// Overwrites the bytes at `at`; `false`, and nothing written, if they do not fit.
#[inline]
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> bool {
    let Some(target) = at
        .checked_add(value.len())
        .and_then(|end| bytes.get_mut(at..end))
    else {
        return false;
    };
    target.copy_from_slice(value);
    true
}

/// Bytes from hexadecimal digits; blanks are ignored.
#[cfg(test)]
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks_exact(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_is_none_and_writes_nothing() {
        let mut bytes = [1, 2, 3, 4];
        assert_eq!(u16_at(&bytes, 2), Some(0x0304));
        assert_eq!(u24_at(&bytes, 1), Some(0x02_0304));
        assert_eq!(u32_at(&bytes, 1), None);
        assert_eq!(u64_at(&bytes, usize::MAX), None);
        assert!(!put(&mut bytes, 3, &[9, 9]));
        assert!(!put(&mut bytes, usize::MAX, &[9]));
        assert_eq!(bytes, [1, 2, 3, 4]);
        assert!(put(&mut bytes, 2, &[9, 9]));
        assert_eq!(bytes, [1, 2, 9, 9]);
    }
}
