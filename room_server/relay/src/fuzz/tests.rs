//! The bodies over their seeds, and over seeds as a bad link or a worse person would change them.

use super::BODIES;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let paths = listed(&folder().join("seeds").join(name));
    assert!(paths.len() >= 4, "{name} has lost its seeds");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Names of the entries of a folder, without their suffix.
fn names(of: &str) -> BTreeSet<String> {
    let paths = listed(&folder().join(of));
    let stems = paths.iter().filter_map(|path| path.file_stem()?.to_str());
    stems.map(str::to_owned).collect()
}

#[test]
fn every_body_has_seeds_and_a_target() {
    let bodies: BTreeSet<String> = BODIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(bodies.len(), BODIES.len(), "a name occurs twice");
    assert_eq!(names("seeds"), bodies);
    assert_eq!(names("src/bin"), bodies);
    for name in &bodies {
        let path = folder().join("src/bin").join(name).with_extension("rs");
        let target = fs::read_to_string(path).unwrap();
        assert!(
            target.contains(&format!("_relay::fuzz::{name}(")),
            "the target {name} runs another body"
        );
    }
}

#[test]
fn as_they_are() {
    for (name, body) in BODIES {
        for seed in seeds(name) {
            body(&seed);
        }
    }
}

/// Bytes changed, cut out, doubled: what a fuzzer does first.
fn damage(bytes: &mut Vec<u8>, at: usize, length: usize, how: u8, value: u8) {
    let at = at % (bytes.len() + 1);
    let end = (at + length).min(bytes.len());
    match how {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        3 => bytes.insert(at, value),
        _ => {
            for byte in &mut bytes[at..end] {
                *byte ^= value;
            }
        }
    }
}

proptest! {
    #[test]
    fn anything(which in 0..BODIES.len(), bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        let (_, body) = BODIES[which];
        body(&bytes);
    }

    #[test]
    fn damaged(
        which in 0..BODIES.len(), seed: prop::sample::Index,
        steps in prop::collection::vec((0usize..2_000, 1usize..8, 0u8..9, any::<u8>()), 1..6),
    ) {
        let (name, body) = BODIES[which];
        let mut bytes = seed.get(&seeds(name)).clone();
        for (at, length, how, value) in steps {
            damage(&mut bytes, at, length, how, value);
        }
        body(&bytes);
    }
}
