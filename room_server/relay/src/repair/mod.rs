//! Repair: NACK, retransmission, keyframe requests.
