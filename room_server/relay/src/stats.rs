//! Counters: plain numbers inside an engine, published to atomics once per loop turn so that
//! metrics can be read without asking the worker.

use crate::distribution::{self, Distributions, Figure};
use crate::drop::Drop;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident = $label:literal),+ $(,)?) => {
        /// What is counted, besides drops.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Count { $($(#[$doc])* $name),+ }

        impl Count {
            /// All of them, in counter order.
            pub const ALL: &'static [Count] = &[$(Count::$name),+];

            /// The name in the metrics.
            pub fn label(self) -> &'static str {
                match self { $(Count::$name => $label),+ }
            }
        }
    };
}

counts! {
    /// Authenticated RTP packets received.
    RtpIn = "rtp_in",
    /// RTP packets handed to the kernel, retransmissions too.
    RtpOut = "rtp_out",
    /// UDP payload bytes received.
    BytesIn = "bytes_in",
    /// UDP payload bytes sent.
    BytesOut = "bytes_out",
    /// Calls of the kernel to send.
    SendCalls = "send_calls",
    /// Messages that the kernel took; one carries a run of equal-sized datagrams.
    Messages = "messages",
    /// Packets subscribers asked for again.
    NackIn = "nack_in",
    /// Packets asked of publishers again.
    NackOut = "nack_out",
    /// Retransmissions sent.
    RtxOut = "rtx_out",
    /// Keyframe requests received.
    PliIn = "pli_in",
    /// Keyframe requests sent.
    PliOut = "pli_out",
    /// Transport-wide feedback packets sent.
    TwccOut = "twcc_out",
    /// Bandwidth estimates received.
    RembIn = "remb_in",
    /// Sender reports sent.
    SrOut = "sr_out",
    /// Authenticated STUN checks.
    StunIn = "stun_in",
    /// Peers' send addresses that became others.
    Moves = "moves",
    /// DTLS datagrams passed up.
    DtlsIn = "dtls_in",
    /// Runs sent again one by one because the route refused `UDP_SEGMENT`.
    GsoFallback = "gso_fallback",
    /// Datagrams the kernel dropped because the socket's buffer was full.
    KernelDrops = "kernel_drops",
    /// Peers now.
    Peers = "peers",
    /// Halls now.
    Halls = "halls",
}

/// An engine's own counters.
#[derive(Clone, Debug)]
pub struct Counters {
    counts: [u64; Count::ALL.len()],
    drops: [u64; Drop::ALL.len()],
    figures: Distributions,
}

impl Default for Counters {
    fn default() -> Self {
        Counters {
            counts: [0; Count::ALL.len()],
            drops: [0; Drop::ALL.len()],
            figures: Distributions::default(),
        }
    }
}

impl Counters {
    /// Count `n` more.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants are the array's indices"
    )]
    pub fn add(&mut self, what: Count, n: u64) {
        self.counts[what as usize] += n;
    }

    /// A gauge's present value.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants are the array's indices"
    )]
    pub fn set(&mut self, what: Count, value: u64) {
        self.counts[what as usize] = value;
    }

    /// A report has told one more value.
    pub fn observe(&mut self, figure: Figure, value: u64) {
        self.figures.observe(figure, value);
    }

    /// A packet went no further.
    pub fn drop(&mut self, why: Drop) {
        self.drop_many(why, 1);
    }

    /// `n` packets went no further.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants are the array's indices"
    )]
    pub fn drop_many(&mut self, why: Drop, n: u64) {
        self.drops[why as usize] += n;
    }

    /// The value of a counter.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants are the array's indices"
    )]
    pub fn get(&self, what: Count) -> u64 {
        self.counts[what as usize]
    }

    /// How often packets were dropped for this reason.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants are the array's indices"
    )]
    pub fn dropped(&self, why: Drop) -> u64 {
        self.drops[why as usize]
    }
}

/// One worker's counters as others may read them at any time.
#[derive(Debug)]
pub struct Published {
    counts: [AtomicU64; Count::ALL.len()],
    drops: [AtomicU64; Drop::ALL.len()],
    /// What reports have told.
    pub figures: distribution::Published,
}

impl Default for Published {
    fn default() -> Self {
        Published {
            counts: [const { AtomicU64::new(0) }; _],
            drops: [const { AtomicU64::new(0) }; _],
            figures: distribution::Published::default(),
        }
    }
}

impl Published {
    /// Make `counters` visible to others.
    pub fn publish(&self, counters: &Counters) {
        for (to, from) in self
            .counts
            .iter()
            .zip(&counters.counts)
            .chain(self.drops.iter().zip(&counters.drops))
        {
            to.store(*from, Ordering::Relaxed);
        }
        self.figures.publish(&counters.figures);
    }

    /// Names and values, `drop_` before a drop's label.
    pub fn read(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let counts = Count::ALL
            .iter()
            .zip(&self.counts)
            .map(|(c, v)| (c.label().to_owned(), v));
        let drops = Drop::ALL
            .iter()
            .zip(&self.drops)
            .map(|(d, v)| (format!("drop_{}", d.label()), v));
        counts
            .chain(drops)
            .map(|(name, value)| (name, value.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_carry_their_names() {
        let mut counters = Counters::default();
        counters.add(Count::PliOut, 3);
        counters.drop_many(Drop::SendFailed, 2);
        let published = Published::default();
        published.publish(&counters);
        let read: std::collections::HashMap<_, _> = published.read().collect();
        assert_eq!(
            (read["pli_out"], read["drop_send_failed"], read["rtp_in"]),
            (3, 2, 0)
        );
        assert_eq!(read.len(), Count::ALL.len() + Drop::ALL.len());
    }
}
