//! What a link does to packets, and the text in which a test says so.

use std::time::Duration;

/// Loss in bursts (Gilbert-Elliott): a chain of a good state, which adds no loss, and a bad one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Chance per packet to go from good to bad.
    pub enter: f64,
    /// Chance per packet to go from bad to good; its reciprocal is the mean length of a burst.
    pub leave: f64,
    /// Share of packets lost in the bad state.
    pub loss: f64,
}

/// One direction of a link. The default is a perfect one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Bits per second of IP packets; without, no packet waits for another.
    pub rate: Option<u64>,
    /// How long every packet is under way, beside its wait.
    pub delay: Duration,
    /// Up to this is added to `delay`, evenly spread; order is kept.
    pub jitter: Duration,
    /// Share of packets lost, each by itself.
    pub loss: f64,
    /// Loss in bursts, beside `loss`.
    pub burst: Option<Burst>,
    /// Share of packets held back by `reorder_by`, which later ones overtake.
    pub reorder: f64,
    /// How long a reordered packet is held back.
    pub reorder_by: Duration,
    /// A packet that would wait longer for the rate is dropped (drop-tail). Without either bound: one second.
    pub queue: Option<Duration>,
    /// A packet that would make more bytes wait is dropped.
    pub queue_bytes: Option<usize>,
    /// No UDP passes, as behind a firewall.
    pub udp_blocked: bool,
    /// Nothing passes.
    pub cut: bool,
    /// Non-zero: a NAT whose mapping of UDP ports is this one; another number is another mapping, as
    /// after a rebinding. Both directions of a link want the same.
    pub rebind: u16,
}

impl Conditions {
    /// Change what `words` name, such as `rate=600000 delay=20 loss=0.05 burst=0.01,0.25,1`.
    ///
    /// Times are milliseconds, `rate` is bits per second, a number or `none`; shares are 0 to 1; `udp_blocked` and
    /// `cut` are 0 or 1. All or nothing: at a mistake the sentence names it and nothing is changed.
    pub fn change(&mut self, words: &str) -> Result<(), String> {
        let mut changed = self.clone();
        for word in words.split_whitespace() {
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| format!("{word:?} is not of the form name=value"))?;
            changed.set(name, value).ok_or_else(|| {
                format!("{word:?} names no condition or has a value out of range")
            })?;
        }
        *self = changed;
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "rate" => bound(&mut self.rate, value, |v| {
                v.parse().ok().filter(|rate| *rate > 0)
            })?,
            "delay" => self.delay = millis(value)?,
            "jitter" => self.jitter = millis(value)?,
            "loss" => self.loss = share(value)?,
            "burst" => bound(&mut self.burst, value, burst)?,
            "reorder" => self.reorder = share(value)?,
            "reorder_by" => self.reorder_by = millis(value)?,
            "queue" => bound(&mut self.queue, value, millis)?,
            "queue_bytes" => bound(&mut self.queue_bytes, value, |v| v.parse().ok())?,
            "udp_blocked" => self.udp_blocked = flag(value)?,
            "cut" => self.cut = flag(value)?,
            "rebind" => self.rebind = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}

/// Set a bound, or take it away by `none`.
fn bound<T>(bound: &mut Option<T>, value: &str, parse: impl Fn(&str) -> Option<T>) -> Option<()> {
    *bound = match value {
        "none" => None,
        value => Some(parse(value)?),
    };
    Some(())
}

fn millis(value: &str) -> Option<Duration> {
    let millis: f64 = value.parse().ok()?;
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

fn share(value: &str) -> Option<f64> {
    value
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn burst(value: &str) -> Option<Burst> {
    let mut parts = value.split(',').map(share);
    let burst = Burst {
        enter: parts.next()??,
        leave: parts.next()??,
        loss: parts.next()??,
    };
    parts.next().is_none().then_some(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_what_they_name() {
        let mut conditions = Conditions::default();
        conditions
            .change("rate=600000 delay=20.5 loss=0.05 burst=0.01,0.25,1 cut=1")
            .unwrap();
        conditions.change("cut=0 queue=300").unwrap();
        let wanted = Conditions {
            rate: Some(600_000),
            delay: Duration::from_micros(20_500),
            loss: 0.05,
            burst: Some(Burst {
                enter: 0.01,
                leave: 0.25,
                loss: 1.0,
            }),
            queue: Some(Duration::from_millis(300)),
            ..Conditions::default()
        };
        assert_eq!(conditions, wanted);
        conditions.change("rate=none burst=none").unwrap();
        assert_eq!((conditions.rate, conditions.burst), (None, None));
    }

    #[test]
    fn a_mistake_is_named_and_changes_nothing() {
        let mut conditions = Conditions::default();
        for words in [
            "loss=2",
            "delay=-1",
            "rate=0",
            "speed=1",
            "cut",
            "burst=1,1",
            "burst=1,1,1,1",
            "loss=nan",
        ] {
            let error = conditions.change(&format!("delay=5 {words}")).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert_eq!(conditions, Conditions::default());
        }
    }
}
