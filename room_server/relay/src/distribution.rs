//! Figures of all links as distributions: how many reports fell into each bucket. Reports come about
//! once a second and stream, so counting them as they pass costs nothing that matters.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds per figure; what is above the last one has a bucket of its own.
const BOUNDS: usize = 8;
const BUCKETS: usize = BOUNDS + 1;

/// What is measured. Values are whole numbers of the unit that [`Figure::per_unit`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Round trip to a subscriber in microseconds, by its reports.
    Rtt,
    /// Lost on the way to a subscriber in 256ths, per report and stream.
    LossDown,
    /// Lost on the way from a publisher in 256ths, per report and stream.
    LossUp,
    /// Interarrival jitter at a subscriber in microseconds (RFC 3550 section 6.4.1).
    JitterDown,
    /// Interarrival jitter of what a publisher sends in microseconds.
    JitterUp,
    /// A subscriber's bandwidth estimate in bits per second.
    Estimate,
}

impl Figure {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Figure; 6] = [
        Figure::Rtt,
        Figure::LossDown,
        Figure::LossUp,
        Figure::JitterDown,
        Figure::JitterUp,
        Figure::Estimate,
    ];

    /// The name in the metrics, which ends in the SI unit.
    pub fn label(self) -> &'static str {
        match self {
            Figure::Rtt => "rtt_seconds",
            Figure::LossDown => "loss_down_ratio",
            Figure::LossUp => "loss_up_ratio",
            Figure::JitterDown => "jitter_down_seconds",
            Figure::JitterUp => "jitter_up_seconds",
            Figure::Estimate => "estimate_bits_per_second",
        }
    }

    /// How many of the figure's values make one of its SI unit.
    pub fn per_unit(self) -> f64 {
        match self {
            Figure::Rtt | Figure::JitterDown | Figure::JitterUp => 1e6,
            Figure::LossDown | Figure::LossUp => 256.0,
            Figure::Estimate => 1.0,
        }
    }

    /// The buckets' inclusive upper bounds.
    pub fn bounds(self) -> &'static [u64; BOUNDS] {
        match self {
            // From one city to a satellite; the relay believes no more than 2 s.
            Figure::Rtt => &[
                10_000, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_500_000,
            ],
            // None, 1, 2, 5, 10, 20, 30 and 50 percent.
            Figure::LossDown | Figure::LossUp => &[0, 3, 6, 13, 26, 52, 77, 128],
            Figure::JitterDown | Figure::JitterUp => &[
                2_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000,
            ],
            // Audio alone, one small picture, ... up to the largest layer and more.
            Figure::Estimate => &[
                64_000, 150_000, 300_000, 600_000, 1_000_000, 1_500_000, 2_500_000, 5_000_000,
            ],
        }
    }
}

/// An engine's own distributions.
#[derive(Clone, Debug, Default)]
pub struct Distributions {
    counts: [[u64; BUCKETS]; Figure::ALL.len()],
    sums: [u64; Figure::ALL.len()],
    observed: u64,
}

impl Distributions {
    /// One more value.
    #[allow(
        clippy::indexing_slicing,
        reason = "the enum's discriminants and the buckets are the arrays' indices"
    )]
    pub fn observe(&mut self, figure: Figure, value: u64) {
        let bucket = figure.bounds().partition_point(|bound| *bound < value);
        self.observed += 1;
        self.counts[figure as usize][bucket] += 1;
        self.sums[figure as usize] = self.sums[figure as usize].saturating_add(value);
    }
}

/// One figure as read: counts per bucket, not cumulative, the one above the last bound at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which.
    pub figure: Figure,
    /// How many values fell into each bucket.
    pub counts: [u64; BUCKETS],
    /// All values together.
    pub sum: u64,
}

impl Reading {
    /// Nothing observed yet.
    pub fn empty(figure: Figure) -> Reading {
        Reading {
            figure,
            counts: [0; BUCKETS],
            sum: 0,
        }
    }

    /// Another worker's, added.
    pub fn add(&mut self, other: &Reading) {
        for (to, from) in self.counts.iter_mut().zip(other.counts) {
            *to += from;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }
}

/// One worker's distributions as others may read them at any time.
#[derive(Debug)]
pub struct Published {
    counts: [[AtomicU64; BUCKETS]; Figure::ALL.len()],
    sums: [AtomicU64; Figure::ALL.len()],
    observed: AtomicU64,
}

impl Default for Published {
    fn default() -> Self {
        Published {
            counts: [const { [const { AtomicU64::new(0) }; BUCKETS] }; _],
            sums: [const { AtomicU64::new(0) }; _],
            observed: AtomicU64::new(0),
        }
    }
}

impl Published {
    /// Make `own` visible to others. Called every turn of the loop, of which few have seen a report.
    pub fn publish(&self, own: &Distributions) {
        if self.observed.load(Ordering::Relaxed) == own.observed {
            return;
        }
        self.observed.store(own.observed, Ordering::Relaxed);
        let counts = self.counts.iter().flatten();
        let to = counts.chain(&self.sums);
        let from = own.counts.iter().flatten().chain(&own.sums);
        for (to, from) in to.zip(from) {
            to.store(*from, Ordering::Relaxed);
        }
    }

    /// All figures.
    pub fn read(&self) -> impl Iterator<Item = Reading> + '_ {
        let both = self.counts.iter().zip(&self.sums);
        Figure::ALL
            .into_iter()
            .zip(both)
            .map(|(figure, (counts, sum))| {
                let mut reading = Reading::empty(figure);
                for (to, from) in reading.counts.iter_mut().zip(counts) {
                    *to = from.load(Ordering::Relaxed);
                }
                reading.sum = sum.load(Ordering::Relaxed);
                reading
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_the_bucket_that_holds_them() {
        let mut own = Distributions::default();
        for value in [0, 13, 14, 255] {
            own.observe(Figure::LossDown, value);
        }
        let published = Published::default();
        published.publish(&own);
        published.publish(&own);
        let readings: Vec<_> = published.read().collect();
        let mut loss = readings[Figure::LossDown as usize].clone();
        assert_eq!(loss.figure, Figure::LossDown);
        assert_eq!((loss.counts, loss.sum), ([1, 0, 0, 1, 1, 0, 0, 0, 1], 282));
        assert_eq!(readings[Figure::Rtt as usize], Reading::empty(Figure::Rtt));
        loss.add(&loss.clone());
        assert_eq!((loss.counts[3], loss.sum), (2, 564));
    }

    #[test]
    fn bounds_rise() {
        for figure in Figure::ALL {
            assert!(figure.bounds().is_sorted());
        }
    }
}
