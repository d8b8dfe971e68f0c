//! The system calls: batched UDP with kernel time stamps and `UDP_SEGMENT`, polling, eventfd.
//! Thin on purpose: what to do about errors is decided in `send`.
#![allow(
    unsafe_code,
    reason = "the standard library has no recvmmsg, sendmmsg, ppoll or eventfd"
)]

use crate::time::Duration;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// Datagrams per recvmmsg: more gives nothing, fewer cost a call each.
const BATCH: usize = 64;

/// Larger than any datagram of a client; what is longer is cut and then fails to authenticate.
const RECEIVE_SIZE: usize = 2048;

/// Messages per sendmmsg: beyond 16 there is nothing to gain, beyond 1024 the kernel cuts.
pub const SEND_BATCH: usize = 64;

/// A burst of a 50-packet keyframe from each of 16 seats, twice; the system's limit may be lower.
const SOCKET_BUFFER: usize = 8 << 20;

/// Room for a time stamp and a drop counter, or for a segment size.
const CONTROL_SIZE: usize = 64;

/// A non-blocking UDP socket at `addr`, with time stamps. The error names the address.
pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("cannot bind udp {addr}: {e}"));
    let socket =
        Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP)).map_err(named)?;
    if addr.is_ipv6() {
        socket.set_only_v6(true).map_err(named)?;
    }
    socket.set_nonblocking(true).map_err(named)?;
    // The kernel grants what its limits allow; less still works.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.bind(&addr.into()).map_err(named)?;
    enable(&socket, libc::SO_TIMESTAMPNS).map_err(named)?;
    enable(&socket, libc::SO_RXQ_OVFL).map_err(named)?;
    Ok(socket.into())
}

fn enable(socket: &Socket, option: i32) -> io::Result<()> {
    set_option(socket, option, &(1 as libc::c_int))
}

fn set_option<T>(socket: &impl AsRawFd, option: i32, value: &T) -> io::Result<()> {
    let length = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the pointer is to a live value, the length is its size, and the kernel only reads it.
    let rc = unsafe {
        let value = ptr::from_ref(value).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, length)
    };
    if rc == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Let the kernel drop whatever the socket receives: the cheapest sink for load tests.
pub fn drop_all(socket: &UdpSocket) -> io::Result<()> {
    // One instruction of classic BPF: return 0, "keep no byte".
    let mut code = libc::sock_filter {
        code: (libc::BPF_RET | libc::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: 0,
    };
    let program = libc::sock_fprog {
        len: 1,
        filter: &raw mut code,
    };
    set_option(socket, libc::SO_ATTACH_FILTER, &program)
}

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

#[derive(Clone, Copy)]
#[repr(align(8))]
struct Control([u8; CONTROL_SIZE]);

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
            bytes: vec![0; BATCH * RECEIVE_SIZE],
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
    /// Take what the socket has, at most a batch. 0 when it has nothing.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.count = 0;
        self.overflow = None;
        let parts = self
            .bytes
            .chunks_exact_mut(RECEIVE_SIZE)
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

    /// Each datagram of the last batch.
    pub fn each(&mut self, mut visit: impl FnMut(Received<'_>)) {
        let parts = self
            .bytes
            .chunks_exact_mut(RECEIVE_SIZE)
            .zip(&self.names)
            .zip(&self.headers)
            .take(self.count);
        for ((bytes, name), header) in parts {
            let (stamp, overflow) = read_control(&header.msg_hdr);
            self.overflow = overflow.or(self.overflow);
            let len = (header.msg_len as usize).min(RECEIVE_SIZE);
            if let (Some(from), Some(bytes)) = (
                to_std(name, header.msg_hdr.msg_namelen),
                bytes.get_mut(..len),
            ) {
                visit(Received { from, stamp, bytes });
            }
        }
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

fn read_control(header: &libc::msghdr) -> (Option<u64>, Option<u32>) {
    let (mut stamp, mut overflow) = (None, None);
    // SAFETY: the kernel has filled the control buffer and set its length; the CMSG macros stay
    // within it, and both payloads are read unaligned in their documented types.
    unsafe {
        let mut cmsg = libc::CMSG_FIRSTHDR(header);
        while !cmsg.is_null() {
            let data = libc::CMSG_DATA(cmsg);
            match ((*cmsg).cmsg_level, (*cmsg).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time: libc::timespec = ptr::read_unaligned(data.cast());
                    stamp = Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64);
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    overflow = Some(ptr::read_unaligned(data.cast()));
                }
                _ => {}
            }
            cmsg = libc::CMSG_NXTHDR(header, cmsg);
        }
    }
    (stamp, overflow)
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

/// A non-blocking eventfd.
pub fn event_fd() -> io::Result<OwnedFd> {
    // SAFETY: no pointers are involved.
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Wait until one of `fds` is readable or `timeout` has passed (`None`: for ever). Whether one is.
pub fn wait(fds: &[RawFd], timeout: Option<Duration>) -> io::Result<bool> {
    poll(fds, libc::POLLIN, timeout)
}

/// Wait until the socket takes datagrams again or `timeout` has passed.
pub fn wait_writable(socket: &UdpSocket, timeout: Duration) -> io::Result<bool> {
    poll(&[socket.as_raw_fd()], libc::POLLOUT, Some(timeout))
}

fn poll(fds: &[RawFd], events: i16, timeout: Option<Duration>) -> io::Result<bool> {
    let mut polled: [libc::pollfd; 16] = [libc::pollfd {
        fd: -1,
        events,
        revents: 0,
    }; 16];
    for (slot, fd) in polled.iter_mut().zip(fds) {
        slot.fd = *fd;
    }
    let time = timeout.map(|t| libc::timespec {
        tv_sec: t.as_secs() as libc::time_t,
        tv_nsec: t.subsec_nanos() as libc::c_long,
    });
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    let count = fds.len().min(polled.len()) as libc::nfds_t;
    // SAFETY: `polled` and `time` live across the call; a null time means for ever.
    let n = unsafe { libc::ppoll(polled.as_mut_ptr(), count, time, ptr::null()) };
    match n {
        0.. => Ok(n > 0),
        _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UdpSocket, UdpSocket) {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        (bind(local).unwrap(), bind(local).unwrap())
    }

    fn receive_all(socket: &UdpSocket, count: usize) -> Vec<(SocketAddr, bool, Vec<u8>)> {
        let mut batch = ReceiveBatch::default();
        let mut all = Vec::new();
        while all.len() < count {
            assert!(
                wait(&[socket.as_raw_fd()], Some(Duration::from_secs(5))).unwrap(),
                "{} came",
                all.len()
            );
            batch.receive(socket).unwrap();
            batch.each(|r| all.push((r.from, r.stamp.is_some(), r.bytes.to_vec())));
        }
        all
    }

    #[test]
    fn a_run_arrives_as_single_datagrams_with_stamps() {
        let (a, b) = pair();
        let to = b.local_addr().unwrap();
        let run: Vec<u8> = (0..250u8).collect();
        let messages = [
            Outgoing {
                to,
                bytes: &run,
                segment: Some(100),
            },
            Outgoing {
                to,
                bytes: b"single",
                segment: None,
            },
        ];
        assert_eq!(send(&a, &messages).unwrap(), 2);
        let got = receive_all(&b, 4);
        let expected: Vec<&[u8]> = vec![&run[..100], &run[100..200], &run[200..], b"single"];
        assert_eq!(
            got.iter()
                .map(|(_, _, bytes)| bytes.as_slice())
                .collect::<Vec<_>>(),
            expected
        );
        assert!(
            got.iter()
                .all(|(from, stamped, _)| *stamped && *from == a.local_addr().unwrap())
        );
    }

    #[test]
    fn ipv6_and_a_quiet_socket() {
        let local: SocketAddr = "[::1]:0".parse().unwrap();
        let (a, b) = (bind(local).unwrap(), bind(local).unwrap());
        assert_eq!(ReceiveBatch::default().receive(&b).unwrap(), 0);
        let to = b.local_addr().unwrap();
        assert_eq!(
            send(
                &a,
                &[Outgoing {
                    to,
                    bytes: b"six",
                    segment: None
                }]
            )
            .unwrap(),
            1
        );
        assert_eq!(receive_all(&b, 1)[0].2, b"six");
    }

    #[test]
    fn a_taken_port_is_named() {
        let (a, _) = pair();
        let taken = a.local_addr().unwrap();
        let error = bind(taken).unwrap_err();
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
    }
}
