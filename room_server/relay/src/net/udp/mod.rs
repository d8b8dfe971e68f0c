//! The system calls: batched UDP with kernel time stamps and `UDP_SEGMENT`, polling, eventfd.
//! Thin on purpose: what to do about errors is decided in `send`.
#![allow(
    unsafe_code,
    reason = "the standard library has no recvmmsg, sendmmsg, ppoll or eventfd"
)]

mod receive;
mod transmit;

pub use receive::{ReceiveBatch, Received};
pub use transmit::{Outgoing, SEND_BATCH, send};

use crate::time::Duration;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// A burst of a 50-packet keyframe from each of 16 seats, twice; the system's limit may be lower.
const SOCKET_BUFFER: usize = 8 << 20;

/// Room for a time stamp, a drop counter and a segment size: 32 and 24 and 24 bytes.
const CONTROL_SIZE: usize = 96;

/// A buffer for control messages, aligned as the kernel wants it.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Control([u8; CONTROL_SIZE]);

/// A non-blocking UDP socket at `addr`, with time stamps. The error names the address.
pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("cannot bind udp {addr}: {e}"));
    let socket =
        Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP)).map_err(named)?;
    if addr.is_ipv6() {
        socket.set_only_v6(true).map_err(named)?;
    }
    socket.set_nonblocking(true).map_err(named)?;
    enlarge(&socket);
    socket.bind(&addr.into()).map_err(named)?;
    enable(&socket, libc::SO_TIMESTAMPNS).map_err(named)?;
    enable(&socket, libc::SO_RXQ_OVFL).map_err(named)?;
    take_runs(&socket);
    Ok(socket.into())
}

/// Beyond the system's limits where that is permitted, else up to them; less still works.
fn enlarge(socket: &Socket) {
    let size = SOCKET_BUFFER as libc::c_int;
    if set_option(socket, libc::SO_RCVBUFFORCE, &size).is_err() {
        let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    }
    if set_option(socket, libc::SO_SNDBUFFORCE, &size).is_err() {
        let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    }
}

/// Let the kernel hand over what one sender sent in a row, or what the network card has joined, in one piece: a
/// flood then costs a tenth. Kernels before 5.0 cannot; datagrams then come one by one.
fn take_runs(socket: &Socket) {
    let on: libc::c_int = 1;
    let _ = set_option_of(socket, libc::SOL_UDP, libc::UDP_GRO, &on);
}

fn enable(socket: &Socket, option: i32) -> io::Result<()> {
    set_option(socket, option, &(1 as libc::c_int))
}

fn set_option<T>(socket: &impl AsRawFd, option: i32, value: &T) -> io::Result<()> {
    set_option_of(socket, libc::SOL_SOCKET, option, value)
}

fn set_option_of<T>(socket: &impl AsRawFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    let length = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: the pointer is to a live value, the length is its size, and the kernel only reads it.
    let rc = unsafe {
        let value = ptr::from_ref(value).cast();
        libc::setsockopt(socket.as_raw_fd(), level, option, value, length)
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
    fn a_run_is_read_in_one_piece_and_an_empty_datagram_is_one() {
        let (a, b) = pair();
        let to = b.local_addr().unwrap();
        let outgoing = |bytes, segment| Outgoing { to, bytes, segment };
        let long = vec![7; 60_000];
        let messages = [outgoing(&long, Some(1_000)), outgoing(b"", None)];
        assert_eq!(send(&a, &messages).unwrap(), 2);
        assert!(wait(&[b.as_raw_fd()], Some(Duration::from_secs(5))).unwrap());
        let mut batch = ReceiveBatch::default();
        assert_eq!(batch.receive(&b).unwrap(), 2);
        let mut sizes = Vec::new();
        assert_eq!(batch.each(|r| sizes.push(r.bytes.len())), 61);
        assert_eq!(sizes, [vec![1_000; 60], vec![0]].concat());
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
