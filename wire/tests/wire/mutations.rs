//! A short fuzz that needs no special toolchain: seeded mutations of good bodies through every decoder.
//! `fuzz/` goes on from here for as long as one likes.

use creel_wire::Bytes;
use creel_wire::sample::Source;

use crate::decoders::{self, Decoder};
use crate::golden;

/// Mutants made of each body.
const MUTANTS: u64 = 200;

/// A few changes to a body: bits, bytes, runs moved, dropped or repeated, the end cut off.
fn mutant(source: &mut Source, body: &Bytes) -> Bytes {
    let mut told = body.to_vec();
    for _ in 0..=source.below(4) {
        if told.is_empty() {
            break;
        }
        let at = source.below(told.len());
        let to = at + source.below((told.len() - at).min(16) + 1);
        match source.below(6) {
            0 => told[at] ^= 1 << source.below(8),
            1 => told[at] = [0, 1, 0x7f, 0x80, 0xff][source.below(5)],
            2 => told.truncate(at),
            3 => drop(told.drain(at..to)),
            4 => told.extend_from_within(at..to),
            _ => told[at..to].fill(source.draw() as u8),
        }
    }
    told.into()
}

fn try_mutants(decoder: &Decoder, version: i16, body: &Bytes, seed: u64) -> u64 {
    let mut source = Source::new(seed);
    let read = (0..MUTANTS).filter(|_| (decoder.settle)(mutant(&mut source, body), version).is_ok());
    read.count() as u64
}

#[test]
fn mutants_of_generated_bodies_are_read_alike_or_refused() {
    let mut read = 0;
    for decoder in decoders::all() {
        for version in decoder.versions.each() {
            let seed = version as u64;
            read += try_mutants(&decoder, version, &(decoder.sample)(seed, version), seed);
        }
    }
    assert!(read > 1000, "only {read} mutants were read at all: the mutations are too coarse to test much");
}

#[test]
fn mutants_of_recorded_bodies_are_read_alike_or_refused() {
    let mut read = 0;
    for (seed, golden) in golden::all().into_iter().enumerate() {
        let decoder = decoders::of(golden.api, golden.direction);
        read += try_mutants(&decoder, golden.version, &golden.body(), seed as u64);
    }
    assert!(read > 1000, "only {read} mutants were read at all: the mutations are too coarse to test much");
}
