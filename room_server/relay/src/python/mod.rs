//! `room_server._relay`: the [`Relay`](net::Relay) handle for Python, as `_relay.pyi` says. The only
//! file that knows `PyO3`. Arguments are checked here; what can wait releases the GIL.
#![allow(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]

mod spec;

use crate::command::{Air, Assignment, Command, Event, Secret, View, WantedLayer};
use crate::ids::{HallId, PeerId, SeatId};
use crate::net::relay as net;
use crate::srtp;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use spec::PyPeerSpec;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Worker threads with one UDP port each.
#[pyclass(frozen, module = "room_server._relay")]
struct Relay {
    inner: net::Relay,
}

#[pymethods]
impl Relay {
    #[new]
    #[pyo3(signature = (*, bind, port, workers))]
    fn new(py: Python<'_>, bind: Vec<String>, port: u16, workers: usize) -> PyResult<Relay> {
        let addresses = bind.iter().map(|b| {
            b.parse::<IpAddr>()
                .map_err(|_| bad(format!("bind: {b:?} is no address")))
        });
        let addresses = addresses.collect::<PyResult<Vec<_>>>()?;
        if addresses.is_empty() || addresses.len() > net::MAX_ADDRESSES {
            return Err(bad(format!("bind: 1 to {} addresses", net::MAX_ADDRESSES)));
        }
        if workers == 0 || workers > net::MAX_WORKERS {
            return Err(bad(format!("workers: 1 to {}", net::MAX_WORKERS)));
        }
        if port != 0 && usize::from(port) + workers - 1 > usize::from(u16::MAX) {
            return Err(bad("port: port + workers goes beyond 65535".into()));
        }
        let started = py.detach(|| net::Relay::start(&addresses, port, workers));
        started
            .map(|inner| Relay { inner })
            .map_err(|e| PyOSError::new_err(e.to_string()))
    }

    #[getter]
    fn ports(&self) -> Vec<u16> {
        self.inner.ports().to_vec()
    }

    #[getter]
    fn event_fd(&self) -> i32 {
        self.inner.event_fd()
    }

    fn poll(&self, py: Python<'_>) -> PyResult<Vec<Py<PyTuple>>> {
        self.inner
            .poll()
            .into_iter()
            .map(|event| to_python(py, event))
            .collect()
    }

    fn hall_open(&self, hall: u32) {
        self.inner.tell_all(&Command::HallOpen(HallId(hall)));
    }

    fn hall_air(&self, hall: u32, air: &str) -> PyResult<()> {
        let air = match air {
            "off" => Air::Off,
            "backstage" => Air::Backstage,
            "on_air" => Air::OnAir,
            _ => {
                return Err(bad(format!(
                    "air: {air:?} is none of off, backstage, on_air"
                )));
            }
        };
        self.inner.tell_all(&Command::HallAir(HallId(hall), air));
        Ok(())
    }

    fn hall_close(&self, hall: u32) {
        self.inner.tell_all(&Command::HallClose(HallId(hall)));
    }

    fn seat_assign(
        &self,
        hall: u32,
        seat: u16,
        peer: u32,
        audio: Option<u8>,
        video: Option<u8>,
    ) -> PyResult<()> {
        self.inner.seat_assign(Assignment {
            hall: HallId(hall),
            seat: own_seat(seat)?,
            peer: PeerId(peer),
            worker: 0,
            audio,
            video,
            echo_group: 0,
        });
        Ok(())
    }

    fn seat_clear(&self, hall: u32, seat: u16) -> PyResult<()> {
        self.inner
            .tell_all(&Command::SeatClear(HallId(hall), own_seat(seat)?));
        Ok(())
    }

    #[pyo3(signature = (hall, seat, *, audio, video))]
    fn seat_gate(&self, hall: u32, seat: u16, audio: bool, video: bool) -> PyResult<()> {
        self.inner.tell_all(&Command::SeatGate {
            hall: HallId(hall),
            seat: own_seat(seat)?,
            audio,
            video,
        });
        Ok(())
    }

    fn peer_open(&self, spec: PyPeerSpec) -> PyResult<usize> {
        self.inner.peer_open(spec.convert()?).map_err(bad)
    }

    fn peer_restart(&self, peer: u32, ufrag: String, pwd: String, remote_ufrag: String) {
        let peer = PeerId(peer);
        self.inner.tell(
            peer,
            Command::PeerRestart {
                peer,
                ufrag,
                pwd,
                remote_ufrag,
            },
        );
    }

    fn peer_keys(&self, peer: u32, profile: &str, rx: Vec<u8>, tx: Vec<u8>) -> PyResult<()> {
        let profile = srtp::Profile::from_name(profile)
            .ok_or_else(|| bad(format!("profile: {profile:?} is unknown")))?;
        let length = profile.key_len() + profile.salt_len();
        if rx.len() != length || tx.len() != length {
            return Err(bad(format!("rx, tx: {length} bytes of key and salt each")));
        }
        let peer = PeerId(peer);
        self.inner.tell(
            peer,
            Command::PeerKeys {
                peer,
                profile,
                rx: Secret(rx),
                tx: Secret(tx),
            },
        );
        Ok(())
    }

    fn peer_dtls(&self, peer: u32, datagram: Vec<u8>) {
        let peer = PeerId(peer);
        self.inner.tell(peer, Command::PeerDtls(peer, datagram));
    }

    fn peer_staff(&self, peer: u32, staff: bool) {
        let peer = PeerId(peer);
        self.inner.tell(peer, Command::PeerStaff(peer, staff));
    }

    fn peer_view(&self, peer: u32, slots: Vec<(u8, u16, u8)>) {
        let peer = PeerId(peer);
        let views = slots.into_iter().map(|(section, seat, layer)| View {
            section,
            seat: SeatId(seat),
            layer: match layer {
                254 => WantedLayer::Paused,
                255 => WantedLayer::Best,
                layer => WantedLayer::Upto(layer),
            },
        });
        self.inner
            .tell(peer, Command::PeerView(peer, views.collect()));
    }

    fn peer_close(&self, peer: u32) {
        self.inner.peer_close(PeerId(peer));
    }

    fn metrics(&self) -> BTreeMap<String, u64> {
        self.inner.metrics()
    }

    fn distributions(&self) -> BTreeMap<&'static str, (Vec<f64>, Vec<u64>, f64)> {
        let readings = self.inner.distributions().into_iter().map(|r| {
            let unit = r.figure.per_unit();
            let bounds = r.figure.bounds().iter().map(|b| *b as f64 / unit).collect();
            let value = (bounds, r.counts.to_vec(), r.sum as f64 / unit);
            (r.figure.label(), value)
        });
        readings.collect()
    }

    fn seat_counters(
        &self,
        py: Python<'_>,
        hall: u32,
    ) -> BTreeMap<u16, BTreeMap<&'static str, u64>> {
        py.detach(|| self.inner.seat_counters(HallId(hall)))
    }

    fn peer_counters(&self, py: Python<'_>, peer: u32) -> BTreeMap<&'static str, u64> {
        py.detach(|| self.inner.peer_counters(PeerId(peer)))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.inner.close());
    }

    /// Make one worker panic, for tests of the recovery; not in the stub, not for use.
    fn _panic(&self, worker: usize) {
        self.inner.panic_worker(worker);
    }

    /// Begin further peers' slots close to every wrap, for tests of their receivers; not in the stub, not for use.
    fn _near_wraps(&self) {
        self.inner.near_wraps();
    }
}

/// Encrypt and decrypt one packet per SRTP profile.
#[pyfunction]
fn self_check() -> PyResult<()> {
    crate::self_check::run().map_err(PyRuntimeError::new_err)
}

/// The native media relay.
#[pymodule]
fn _relay(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Relay>()?;
    module.add_function(wrap_pyfunction!(self_check, module)?)
}

fn bad(message: String) -> PyErr {
    PyValueError::new_err(message)
}

/// The speaker's seat is moved by the relay alone.
fn own_seat(seat: u16) -> PyResult<SeatId> {
    if seat == SeatId::SPEAKER.0 {
        return Err(bad(
            "seat: 0 follows the speaker by itself; name another".into()
        ));
    }
    Ok(SeatId(seat))
}

fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyTuple>> {
    let tuple = match event {
        Event::Dtls(peer, bytes) => ("dtls", peer.0, PyBytes::new(py, &bytes)).into_pyobject(py)?,
        Event::Address(peer, address) => {
            ("address", peer.0, address.to_string()).into_pyobject(py)?
        }
        Event::Media(peer, flows) => ("media", peer.0, flows).into_pyobject(py)?,
        Event::Gone(peer, why) => ("gone", peer.0, why.label()).into_pyobject(py)?,
        Event::Speaker(hall, seat) => ("speaker", hall.0, seat.0).into_pyobject(py)?,
        Event::Layers(peer, section, rids) => {
            ("layers", peer.0, (section, rids)).into_pyobject(py)?
        }
        Event::Panic(worker, reason) => ("panic", worker, reason).into_pyobject(py)?,
    };
    Ok(tuple.unbind())
}
