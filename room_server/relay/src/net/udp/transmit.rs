//! sendmmsg: messages that may each be a run of datagrams.

use super::{CONTROL_SIZE, Control};
use socket2::SockAddr;
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::{io, ptr};

/// Messages per sendmmsg: beyond 16 there is nothing to gain, beyond 1024 the kernel cuts.
pub const SEND_BATCH: usize = 64;

/// A message for [`send`]: datagrams of `segment` bytes, back to back.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where to.
    pub to: SocketAddr,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Cut into datagrams of this size; `None` for a single datagram.
    pub segment: Option<u16>,
}

/// Hand messages to the kernel in one call. Returns how many it took; the error is about the first.
/// At most [`SEND_BATCH`] are looked at.
pub fn send(socket: &UdpSocket, messages: &[Outgoing<'_>]) -> io::Result<usize> {
    // SAFETY: arrays of MaybeUninit need no initialisation.
    let mut headers: [MaybeUninit<libc::mmsghdr>; SEND_BATCH] =
        unsafe { MaybeUninit::uninit().assume_init() };
    let mut names: [MaybeUninit<SockAddr>; SEND_BATCH] =
        [const { MaybeUninit::uninit() }; SEND_BATCH];
    let mut vectors = [libc::iovec {
        iov_base: ptr::null_mut(),
        iov_len: 0,
    }; SEND_BATCH];
    let mut controls = [Control([0; CONTROL_SIZE]); SEND_BATCH];
    let slots = headers
        .iter_mut()
        .zip(&mut names)
        .zip(vectors.iter_mut().zip(&mut controls));
    for (message, ((header, name), (vector, control))) in messages.iter().zip(slots) {
        let name = name.write(message.to.into());
        *vector = libc::iovec {
            iov_base: message.bytes.as_ptr().cast_mut().cast(),
            iov_len: message.bytes.len(),
        };
        // SAFETY: all-zero bytes are a valid mmsghdr.
        let header = header.write(unsafe { mem::zeroed() });
        header.msg_hdr.msg_name = name.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = name.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        if let Some(segment) = message.segment {
            write_segment(&mut header.msg_hdr, control, segment);
        }
    }
    let count = messages.len().min(SEND_BATCH) as u32;
    // SAFETY: the first `count` headers were initialised above and point at live buffers, which
    // the kernel only reads; SockAddr has no drop glue, so leaving `names` uninitialised is fine.
    let n = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            count,
            libc::MSG_DONTWAIT as _,
        )
    };
    if n < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(n as usize)
    }
}

fn write_segment(header: &mut libc::msghdr, control: &mut Control, segment: u16) {
    header.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute; the control buffer is aligned and larger than
    // one header with two bytes, so CMSG_FIRSTHDR is not null and CMSG_DATA lies within it.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(mem::size_of::<u16>() as u32) as _;
        let cmsg = libc::CMSG_FIRSTHDR(header);
        (*cmsg).cmsg_level = libc::SOL_UDP;
        (*cmsg).cmsg_type = libc::UDP_SEGMENT;
        (*cmsg).cmsg_len = libc::CMSG_LEN(mem::size_of::<u16>() as u32) as _;
        ptr::write_unaligned(libc::CMSG_DATA(cmsg).cast(), segment);
    }
}
