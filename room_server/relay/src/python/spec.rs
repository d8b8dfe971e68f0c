//! `PeerSpec` and what it holds, read off the attributes of Python objects.

use super::bad;
use crate::forward::packet::Codec;
use crate::ids::{HallId, Kind, PeerId, Pt, SeatId, Ssrc};
use crate::spec::{CodecMap, ExtensionIds, Feedback, PeerSpec, SendSection, SlotSection};
use pyo3::prelude::*;

#[derive(FromPyObject)]
struct PyExtensions {
    mid: u8,
    rid: u8,
    rrid: u8,
    audio_level: u8,
    abs_send_time: u8,
    transport_cc: u8,
    dependency_descriptor: u8,
}

#[derive(FromPyObject)]
struct PyCodecMap {
    codec: String,
    pt: u8,
    rtx: u8,
}

#[derive(FromPyObject)]
struct PySendSection {
    index: u8,
    mid: String,
    kind: String,
    rids: Vec<String>,
    feedback: String,
    ssrcs: Vec<u32>,
}

#[derive(FromPyObject)]
struct PySlotSection {
    index: u8,
    mid: String,
    kind: String,
    ssrc: u32,
    rtx_ssrc: u32,
    seat: u16,
    cname: String,
}

#[derive(FromPyObject)]
pub(super) struct PyPeerSpec {
    peer: u32,
    hall: u32,
    ufrag: String,
    pwd: String,
    remote_ufrag: String,
    staff: bool,
    echo_group: u32,
    extensions: PyExtensions,
    two_byte: bool,
    codecs: Vec<PyCodecMap>,
    sends: Vec<PySendSection>,
    slots: Vec<PySlotSection>,
}

fn kind(text: &str) -> PyResult<Kind> {
    match text {
        "audio" => Ok(Kind::Audio),
        "video" => Ok(Kind::Video),
        _ => Err(bad(format!("kind: {text:?} is neither audio nor video"))),
    }
}

impl PyPeerSpec {
    /// The checked value, or a `ValueError` that names what is wrong.
    pub(super) fn convert(self) -> PyResult<PeerSpec> {
        let x = self.extensions;
        Ok(PeerSpec {
            peer: PeerId(self.peer),
            hall: HallId(self.hall),
            ufrag: self.ufrag,
            pwd: self.pwd,
            remote_ufrag: self.remote_ufrag,
            staff: self.staff,
            echo_group: self.echo_group,
            extensions: ExtensionIds {
                mid: x.mid,
                rid: x.rid,
                rrid: x.rrid,
                audio_level: x.audio_level,
                abs_send_time: x.abs_send_time,
                transport_cc: x.transport_cc,
                dependency_descriptor: x.dependency_descriptor,
            },
            two_byte: self.two_byte,
            codecs: self
                .codecs
                .into_iter()
                .map(PyCodecMap::convert)
                .collect::<PyResult<_>>()?,
            sends: self
                .sends
                .into_iter()
                .map(PySendSection::convert)
                .collect::<PyResult<_>>()?,
            slots: self
                .slots
                .into_iter()
                .map(PySlotSection::convert)
                .collect::<PyResult<_>>()?,
        })
    }
}

impl PyCodecMap {
    fn convert(self) -> PyResult<CodecMap> {
        let codec = match self.codec.as_str() {
            "opus" => Codec::Opus,
            "vp8" => Codec::Vp8,
            "h264" => Codec::H264,
            "vp9" => Codec::Vp9,
            "av1" => Codec::Av1,
            other => {
                return Err(bad(format!(
                    "codec: {other:?} is none of opus, vp8, h264, vp9, av1"
                )));
            }
        };
        Ok(CodecMap {
            codec,
            pt: Pt(self.pt),
            rtx: (self.rtx != 0).then_some(Pt(self.rtx)),
        })
    }
}

impl PySendSection {
    fn convert(self) -> PyResult<SendSection> {
        let feedback = match self.feedback.as_str() {
            "transport-cc" => Feedback::TransportCc,
            "goog-remb" => Feedback::GoogRemb,
            "none" => Feedback::None,
            other => {
                return Err(bad(format!(
                    "feedback: {other:?} is none of transport-cc, goog-remb, none"
                )));
            }
        };
        Ok(SendSection {
            index: self.index,
            mid: self.mid,
            kind: kind(&self.kind)?,
            rids: self.rids,
            feedback,
            ssrcs: self.ssrcs.into_iter().map(Ssrc).collect(),
        })
    }
}

impl PySlotSection {
    fn convert(self) -> PyResult<SlotSection> {
        Ok(SlotSection {
            index: self.index,
            mid: self.mid,
            kind: kind(&self.kind)?,
            ssrc: Ssrc(self.ssrc),
            rtx_ssrc: (self.rtx_ssrc != 0).then_some(Ssrc(self.rtx_ssrc)),
            seat: SeatId(self.seat),
            cname: self.cname,
        })
    }
}
