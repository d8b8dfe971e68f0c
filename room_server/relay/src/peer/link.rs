//! How one peer's link has been over its whole time, in one direction, for reports to support.

use crate::forward::packet::clock_rate;
use crate::ids::Kind;

/// Sums over the reports on one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Report blocks.
    pub reports: u64,
    lost: u64,
    worst: u8,
    /// Jitter by the latest report, in microseconds.
    pub jitter_us: u64,
}

impl Link {
    /// One more report block: lost since the last one in 256ths, jitter in microseconds.
    pub fn report(&mut self, fraction_lost: u8, jitter_us: u64) {
        self.reports += 1;
        self.lost += u64::from(fraction_lost);
        self.worst = self.worst.max(fraction_lost);
        self.jitter_us = jitter_us;
    }

    /// Mean loss over all reports in millionths.
    pub fn loss_ppm(&self) -> u64 {
        self.lost * 1_000_000 / 256 / self.reports.max(1)
    }

    /// Loss of the worst report in millionths.
    pub fn worst_ppm(&self) -> u64 {
        u64::from(self.worst) * 1_000_000 / 256
    }
}

/// A report's jitter, which is in units of the stream's RTP clock.
pub fn jitter_us(ticks: u32, kind: Kind) -> u64 {
    u64::from(ticks) * 1_000_000 / u64::from(clock_rate(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_the_worst() {
        let mut link = Link::default();
        assert_eq!((link.loss_ppm(), link.worst_ppm()), (0, 0));
        link.report(64, 10);
        link.report(0, 20);
        assert_eq!((link.loss_ppm(), link.worst_ppm()), (125_000, 250_000));
        assert_eq!((link.reports, link.jitter_us), (2, 20));
    }

    #[test]
    fn jitter_is_in_the_clock_of_its_kind() {
        assert_eq!(jitter_us(480, Kind::Audio), 10_000);
        assert_eq!(jitter_us(900, Kind::Video), 10_000);
    }
}
