//! Waking a sleeping thread, and being woken: an eventfd.

use crate::net::udp;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};

/// Readable from the first [`Wake::wake`] until the next [`Wake::clear`].
#[derive(Debug)]
pub struct Wake {
    fd: File,
}

impl Wake {
    /// A new, quiet one.
    pub fn new() -> io::Result<Wake> {
        Ok(Wake {
            fd: File::from(udp::event_fd()?),
        })
    }

    /// Make it readable. An error can only mean that it already is.
    pub fn wake(&self) {
        let _ = (&self.fd).write(&1u64.to_ne_bytes());
    }

    /// Make it quiet. An error can only mean that it already is.
    pub fn clear(&self) {
        let _ = (&self.fd).read(&mut [0; 8]);
    }

    /// To be polled by others.
    pub fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn readable_until_cleared() {
        let wake = Wake::new().unwrap();
        assert!(!udp::wait(&[wake.raw()], Some(Duration::ZERO)).unwrap());
        wake.wake();
        wake.wake();
        assert!(udp::wait(&[wake.raw()], None).unwrap());
        wake.clear();
        assert!(!udp::wait(&[wake.raw()], Some(Duration::ZERO)).unwrap());
    }
}
