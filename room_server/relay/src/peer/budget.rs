//! How much one peer may make the relay do.
//!
//! Spent by what has authenticated, not before: whoever writes the peer's address on datagrams of their own
//! could otherwise spend it, and a stream that is not decrypted loses its rollover counter (RFC 3711 section
//! 3.3.1). To authenticate a packet costs less than the kernel has paid to deliver it; what is dear comes
//! after: the copy, the fan-out to every subscriber, repairs, answers.

use crate::drop::Drop;
use crate::time::Time;

/// Packets per second that no honest publisher reaches: three layers of 1080p, a screen and audio are 1,500, and
/// half as many again where the browser probes. A second's worth may come at once, after a stall of its network.
const MEDIA: Limit = Limit::new(3_000, 3_000);
/// Of one microphone: Opus frames are 2.5 ms at the shortest (RFC 6716 section 2.1.4).
const AUDIO: Limit = Limit::new(400, 400);
/// RTCP datagrams: a receiver that loses packets on nine pictures sends a NACK for each every 20 ms.
const RTCP: Limit = Limit::new(500, 1_000);
/// Packets asked for again: a lost burst of 200, after which browsers give up, on each of nine pictures.
const ASKED: Limit = Limit::new(2_000, 2_000);
/// Checks: a full agent paces all its pairs 50 ms apart (RFC 8445 section 14.2) and begins anew after a restart.
const CHECKS: Limit = Limit::new(50, 100);

/// DTLS datagrams of everybody behind one network, each of which costs the control side's one loop up to the half of
/// a handshake: 150 joins a second, all that a server takes, of six datagrams each; and twice that.
const HANDSHAKES: Limit = Limit::new(2_000, 4_000);

/// So many a second in the long run, and `burst` at once.
#[derive(Clone, Copy, Debug)]
struct Limit {
    rate: u64,
    burst: u64,
}

impl Limit {
    const fn new(rate: u64, burst: u64) -> Limit {
        Limit { rate, burst }
    }
}

/// A token bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    limit: Limit,
    tokens: u64,
    filled: Time,
}

impl Bucket {
    /// For the packets of one microphone.
    pub fn audio(now: Time) -> Bucket {
        Bucket::full(AUDIO, now)
    }

    /// For the handshakes of one network.
    pub fn handshakes(now: Time) -> Bucket {
        Bucket::full(HANDSHAKES, now)
    }

    fn full(limit: Limit, now: Time) -> Bucket {
        Bucket {
            limit,
            tokens: limit.burst,
            filled: now,
        }
    }

    /// Takes up to `wanted` tokens; how many there were.
    pub fn take(&mut self, wanted: u64, now: Time) -> u64 {
        let elapsed = now.since(self.filled).as_micros() as u64;
        let earned = elapsed.saturating_mul(self.limit.rate) / 1_000_000;
        if earned > 0 {
            self.tokens = (self.tokens + earned).min(self.limit.burst);
            self.filled = now;
        }
        let taken = wanted.min(self.tokens);
        self.tokens -= taken;
        taken
    }

    /// Whether one more is within the limit.
    pub fn allows(&mut self, now: Time) -> bool {
        self.take(1, now) == 1
    }
}

/// One peer's.
#[derive(Clone, Debug)]
pub struct Budget {
    media: Bucket,
    rtcp: Bucket,
    asked: Bucket,
    checks: Bucket,
    /// Anybody can send one again from the peer's address: that must not use up what the peer has.
    repeats: Bucket,
}

impl Budget {
    /// Nothing spent yet.
    pub fn new(now: Time) -> Budget {
        Budget {
            media: Bucket::full(MEDIA, now),
            rtcp: Bucket::full(RTCP, now),
            asked: Bucket::full(ASKED, now),
            checks: Bucket::full(CHECKS, now),
            repeats: Bucket::full(CHECKS, now),
        }
    }

    /// One more RTP packet; `RateLimit`.
    pub fn media(&mut self, now: Time) -> Result<(), Drop> {
        within(&mut self.media, now, Drop::RateLimit)
    }

    /// One more RTCP datagram; `RtcpLimit`.
    pub fn rtcp(&mut self, now: Time) -> Result<(), Drop> {
        within(&mut self.rtcp, now, Drop::RtcpLimit)
    }

    /// One more check; `StunLimit`.
    pub fn check(&mut self, now: Time) -> Result<(), Drop> {
        within(&mut self.checks, now, Drop::StunLimit)
    }

    /// A check that was answered before; `StunLimit`.
    pub fn check_again(&mut self, now: Time) -> Result<(), Drop> {
        within(&mut self.repeats, now, Drop::StunLimit)
    }

    /// How many of `wanted` packets may be asked for again.
    pub fn asked(&mut self, wanted: u64, now: Time) -> u64 {
        self.asked.take(wanted, now)
    }
}

fn within(bucket: &mut Bucket, now: Time, beyond: Drop) -> Result<(), Drop> {
    if bucket.allows(now) {
        Ok(())
    } else {
        Err(beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::packet::testing::at;

    #[test]
    fn a_burst_then_the_rate() {
        let mut budget = Budget::new(at(0));
        let mut through = 0;
        for ms in 0..10_000 {
            for _ in 0..50 {
                through += u64::from(budget.media(at(ms)).is_ok());
            }
        }
        let expect = MEDIA.burst + 10 * MEDIA.rate;
        assert!((expect - 10..=expect).contains(&through), "{through}");
        assert_eq!(budget.media(at(9_999)), Err(Drop::RateLimit));
    }

    #[test]
    fn what_is_left_is_given_and_a_clock_that_goes_back_earns_nothing() {
        let mut budget = Budget::new(at(1_000));
        assert_eq!(budget.asked(1_500, at(1_000)), 1_500);
        assert_eq!(budget.asked(1_500, at(900)), 500);
        assert_eq!(budget.asked(1_500, at(900)), 0);
        assert_eq!(budget.asked(1_500, at(1_010)), 20);
    }

    #[test]
    fn each_has_its_own() {
        let mut budget = Budget::new(at(0));
        let spent = (0..2_000)
            .filter(|_| budget.rtcp(at(0)) == Err(Drop::RtcpLimit))
            .count();
        assert_eq!(spent, 1_000);
        let spent = (0..2_000)
            .filter(|_| budget.check(at(0)) == Err(Drop::StunLimit))
            .count();
        assert_eq!(spent, 1_900);
        assert!(budget.check_again(at(0)).is_ok());
        assert!(budget.media(at(0)).is_ok());
        assert!(Bucket::audio(at(0)).allows(at(0)));
    }
}
