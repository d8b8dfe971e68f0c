//! recvmmsg: a batch of datagrams with the kernel's time stamps. With `UDP_GRO` one message may be a run of equal-sized
//! datagrams from one sender, the last perhaps shorter, which is cut apart here.

use super::{CONTROL_SIZE, Control};
use socket2::{SockAddr, SockAddrStorage};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::{io, mem, ptr};

/// Messages per recvmmsg: more gives nothing, fewer cost a call each.
const BATCH: usize = 32;

/// The longest run is a UDP payload.
const RECEIVE_SIZE: usize = 1 << 16;

/// Buffers begin this far apart: at multiples of a power of two all their beginnings would compete for the same
/// few lines of the cache.
const STRIDE: usize = RECEIVE_SIZE + 17 * 64;

/// Larger than any datagram of a client; what is longer is cut and then fails to authenticate.
const LONGEST: usize = 2048;

/// A received datagram.
#[derive(Debug)]
pub struct Received<'a> {
    /// Sender.
    pub from: SocketAddr,
    /// When the kernel had it, in nanoseconds since 1970.
    pub stamp: Option<u64>,
    /// Its bytes.
    pub bytes: &'a mut [u8],
}

/// Buffers for one recvmmsg, reused.
pub struct ReceiveBatch {
    bytes: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    headers: Vec<libc::mmsghdr>,
    vectors: Vec<libc::iovec>,
    count: usize,
    /// The socket's drop counter as last seen.
    overflow: Option<u32>,
}

// SAFETY: the raw pointers in `headers` and `vectors` point into this value's own heap buffers,
// are set anew before each call of the kernel and never read otherwise.
unsafe impl Send for ReceiveBatch {}

impl Default for ReceiveBatch {
    fn default() -> Self {
        // SAFETY: all-zero bytes are valid values of these plain C structures.
        let (name, header, vector) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        ReceiveBatch {
            bytes: vec![0; BATCH * STRIDE],
            names: vec![name; BATCH],
            controls: vec![Control([0; CONTROL_SIZE]); BATCH],
            headers: vec![header; BATCH],
            vectors: vec![vector; BATCH],
            count: 0,
            overflow: None,
        }
    }
}

impl ReceiveBatch {
    /// Take what the socket has, at most a batch; how many messages. 0 when it has nothing.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.count = 0;
        self.overflow = None;
        let parts = self
            .bytes
            .chunks_exact_mut(STRIDE)
            .zip(&mut self.names)
            .zip(&mut self.controls);
        for (((bytes, name), control), (header, vector)) in
            parts.zip(self.headers.iter_mut().zip(&mut self.vectors))
        {
            *vector = libc::iovec {
                iov_base: bytes.as_mut_ptr().cast(),
                iov_len: RECEIVE_SIZE,
            };
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen =
                mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL_SIZE as _;
            header.msg_hdr.msg_flags = 0;
        }
        let flags = libc::MSG_DONTWAIT;
        // SAFETY: every header was just pointed at live, distinct buffers of the stated sizes.
        let n = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as u32,
                flags as _,
                ptr::null_mut(),
            )
        };
        if n < 0 {
            let error = io::Error::last_os_error();
            return if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) {
                Ok(0)
            } else {
                Err(error)
            };
        }
        self.count = n as usize;
        Ok(self.count)
    }

    /// Each datagram of the last batch; how many.
    pub fn each(&mut self, mut visit: impl FnMut(Received<'_>)) -> usize {
        let mut datagrams = 0;
        let parts = self
            .bytes
            .chunks_exact_mut(STRIDE)
            .zip(&self.names)
            .zip(&self.headers)
            .take(self.count);
        for ((bytes, name), header) in parts {
            let about = read_control(&header.msg_hdr);
            self.overflow = about.overflow.or(self.overflow);
            let len = (header.msg_len as usize).min(RECEIVE_SIZE);
            let from = to_std(name, header.msg_hdr.msg_namelen);
            let (Some(from), Some(mut rest)) = (from, bytes.get_mut(..len)) else {
                continue;
            };
            let stamp = about.stamp;
            let segment = about.segment.unwrap_or(len);
            // At least once: an empty datagram is one, too.
            loop {
                let (bytes, behind) = rest.split_at_mut(segment.min(rest.len()));
                let len = bytes.len().min(LONGEST);
                let bytes = bytes.get_mut(..len).unwrap_or_default();
                visit(Received { from, stamp, bytes });
                datagrams += 1;
                if behind.is_empty() || segment == 0 {
                    break;
                }
                rest = behind;
            }
        }
        datagrams
    }

    /// How many datagrams the kernel has dropped at this socket so far, if the last batch said so.
    pub fn overflow(&self) -> Option<u32> {
        self.overflow
    }

    /// Whether the last call filled the batch, so that there may be more.
    pub fn was_full(&self) -> bool {
        self.count == BATCH
    }
}

/// What the kernel says about a message.
#[derive(Default)]
struct About {
    stamp: Option<u64>,
    overflow: Option<u32>,
    /// Size of a run's datagrams.
    segment: Option<usize>,
}

fn read_control(header: &libc::msghdr) -> About {
    let mut about = About::default();
    // SAFETY: the kernel has filled the control buffer and set its length; the CMSG macros stay
    // within it, and all payloads are read unaligned in their documented types.
    unsafe {
        let mut cmsg = libc::CMSG_FIRSTHDR(header);
        while !cmsg.is_null() {
            let data = libc::CMSG_DATA(cmsg);
            match ((*cmsg).cmsg_level, (*cmsg).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time: libc::timespec = ptr::read_unaligned(data.cast());
                    about.stamp = Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64);
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    about.overflow = Some(ptr::read_unaligned(data.cast()));
                }
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    let segment: libc::c_int = ptr::read_unaligned(data.cast());
                    about.segment = usize::try_from(segment).ok();
                }
                _ => {}
            }
            cmsg = libc::CMSG_NXTHDR(header, cmsg);
        }
    }
    about
}

fn to_std(name: &libc::sockaddr_storage, len: libc::socklen_t) -> Option<SocketAddr> {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: both are the platform's sockaddr_storage, and the kernel has written `len` bytes of it.
    let address = unsafe {
        *storage.view_as::<libc::sockaddr_storage>() = *name;
        SockAddr::new(storage, len)
    };
    address.as_socket()
}
