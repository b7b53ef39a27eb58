//! Tests of parameter sets: our own encoder's, a camera's oddities, claims that are too large, and hostile bytes.

use proptest::prelude::*;

use super::*;

/// Writes the bits of a set.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn bits(mut self, value: u64, count: u32) -> Self {
        self.0
            .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Exp-Golomb.
    fn ue(self, value: u32) -> Self {
        let value = u64::from(value) + 1;
        let length = value.ilog2();
        self.bits(0, length).bits(value, length + 1)
    }

    /// The NAL unit with its stop bit; bytes that look like a start code are escaped.
    fn nal(self, header: u8) -> Vec<u8> {
        let mut bits = self.bits(1, 1).0;
        bits.resize(bits.len().next_multiple_of(8), false);
        let mut nal = vec![header];
        let mut zeros = 0;
        for byte in bits.chunks(8) {
            let byte = byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            if zeros == 2 && byte <= 3 {
                nal.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            nal.push(byte);
        }
        nal
    }
}

/// What a sequence parameter set says.
#[derive(Clone, Copy)]
struct Claim {
    columns: u32,
    rows: u32,
    references: u32,
    progressive: bool,
    /// 1 is 4:2:0.
    chroma: u32,
    crop_bottom: u32,
    /// Full range and matrix, if it says them.
    signal: Option<(bool, u8)>,
}

const USUAL: Claim = Claim {
    columns: 80,
    rows: 45,
    references: 1,
    progressive: true,
    chroma: 1,
    crop_bottom: 0,
    signal: None,
};

fn sequence(claim: Claim) -> Vec<u8> {
    // High profile, level 4, number 0, then chroma, depths, no lossless, no matrix.
    let mut bits = Bits::default().bits(100, 8).bits(0, 8).bits(40, 8).ue(0);
    bits = bits.ue(claim.chroma).ue(0).ue(0).bits(0, 2);
    // Frame numbers, order of output 2, reference frames, no gaps.
    bits = bits.ue(0).ue(2).ue(claim.references).bits(0, 1);
    bits = bits.ue(claim.columns - 1).ue(claim.rows - 1);
    bits = bits.bits(u64::from(claim.progressive), 1);
    if !claim.progressive {
        bits = bits.bits(0, 1);
    }
    bits = bits.bits(1, 1);
    bits = if claim.crop_bottom == 0 {
        bits.bits(0, 1)
    } else {
        bits.bits(1, 1).ue(0).ue(0).ue(0).ue(claim.crop_bottom)
    };
    bits = match claim.signal {
        None => bits.bits(0, 1),
        Some((full, matrix)) => bits
            .bits(1, 1)
            .bits(0, 2)
            .bits(1, 1)
            .bits(5, 3)
            .bits(u64::from(full), 1)
            .bits(1, 1)
            .bits(1, 8)
            .bits(1, 8)
            .bits(u64::from(matrix), 8)
            // No chroma location, timing, buffers, structures or restrictions.
            .bits(0, 6),
    };
    bits.nal(0x67)
}

/// A picture parameter set with this number.
fn picture(id: u32, slice_groups: bool) -> Vec<u8> {
    let mut bits = Bits::default().ue(id).ue(0).bits(0, 2);
    bits = if slice_groups {
        // Two groups, interleaved, of one run each.
        bits.ue(1).ue(0).ue(0).ue(0)
    } else {
        bits.ue(0)
    };
    // References, weights, quality, offsets, flags.
    bits.ue(0)
        .ue(0)
        .bits(0, 3)
        .ue(0)
        .ue(0)
        .ue(0)
        .bits(0, 3)
        .nal(0x68)
}

fn said(claim: Claim) -> Fault {
    Sets::default().take(&sequence(claim)).unwrap_err()
}

#[test]
fn the_size_and_the_colours_are_read() {
    let shape = |claim| {
        let mut sets = Sets::default();
        sets.take(&sequence(claim)).unwrap();
        assert_eq!(sets.shape(), None, "a picture's set is missing");
        sets.take(&picture(0, false)).unwrap();
        sets.shape().unwrap()
    };
    let usual = shape(USUAL);
    assert_eq!((usual.width, usual.height), (1280, 720));
    assert_eq!(
        usual.colours,
        Colours {
            full_range: false,
            bt709: true
        }
    );
    let full_hd = shape(Claim {
        columns: 120,
        rows: 68,
        crop_bottom: 4,
        signal: Some((true, 6)),
        ..USUAL
    });
    assert_eq!((full_hd.width, full_hd.height), (1920, 1080));
    assert_eq!(
        full_hd.colours,
        Colours {
            full_range: true,
            bt709: false
        }
    );
    let small = shape(Claim {
        columns: 40,
        rows: 30,
        ..USUAL
    });
    assert!(!small.colours.bt709);
}

#[test]
fn what_can_not_be_decoded_is_named_with_what_to_set() {
    let text = |claim| match said(claim) {
        Fault::Unsupported(why) => why,
        Fault::Garbage(why) => panic!("garbage: {why}"),
    };
    let interlaced = Claim {
        progressive: false,
        ..USUAL
    };
    assert!(text(interlaced).contains("progressive"));
    let colourful = Claim { chroma: 2, ..USUAL };
    assert!(text(colourful).contains("4:2:0"));
    let giant = Claim {
        columns: 600,
        rows: 600,
        ..USUAL
    };
    assert!(text(giant).contains("smaller resolution"));
    let hungry = Claim {
        columns: 240,
        rows: 135,
        references: 16,
        ..USUAL
    };
    assert!(text(hungry).contains("reference frames"));
    let mut sets = Sets::default();
    sets.take(&sequence(USUAL)).unwrap();
    assert!(matches!(
        sets.take(&picture(0, true)),
        Err(Fault::Unsupported(_))
    ));
}

#[test]
fn a_giant_claim_is_refused_and_not_counted_over() {
    for (columns, rows, references) in [
        (1 << 30, 1 << 30, 1),
        (1 << 16, 1 << 16, 1),
        (80, 45, 1 << 30),
    ] {
        let claim = Claim {
            columns,
            rows,
            references,
            ..USUAL
        };
        assert!(matches!(said(claim), Fault::Unsupported(_)));
    }
    let cropped = Claim {
        crop_bottom: 360,
        ..USUAL
    };
    assert!(matches!(said(cropped), Fault::Garbage(_)));
}

#[test]
fn several_picture_sets_are_kept_and_a_change_is_seen_once() {
    let mut sets = Sets::default();
    sets.take(&sequence(USUAL)).unwrap();
    for id in 0..3 {
        sets.take(&picture(id, false)).unwrap();
    }
    let version = sets.version();
    sets.take(&sequence(USUAL)).unwrap();
    sets.take(&picture(1, false)).unwrap();
    assert_eq!(sets.version(), version, "repeats are none");
    let starts = sets
        .annex_b()
        .windows(4)
        .filter(|four| *four == START)
        .count();
    assert_eq!(starts, 4);
    let other = Claim {
        columns: 40,
        ..USUAL
    };
    sets.take(&sequence(other)).unwrap();
    assert_eq!(sets.version(), version + 1);
    assert_eq!(sets.shape().unwrap().width, 640);
}

#[test]
fn bytes_behind_a_set_that_mean_nothing_are_passed_over() {
    let mut sets = Sets::default();
    sets.take(&[sequence(USUAL).as_slice(), &[0x13, 0x37]].concat())
        .unwrap();
    sets.take(&picture(0, false)).unwrap();
    assert_eq!(sets.shape().unwrap().width, 1280);
}

#[test]
fn garbage_is_named_and_leaves_what_is_in_force() {
    let mut sets = Sets::default();
    assert!(matches!(
        sets.take(&picture(0, false)),
        Err(Fault::Garbage(_))
    ));
    sets.take(&sequence(USUAL)).unwrap();
    sets.take(&picture(0, false)).unwrap();
    let before = sets.annex_b();
    for bytes in [
        &[][..],
        &[0x67],
        &[0x67, 1],
        &[0x68],
        &[0x68, 0],
        &[0x41, 1],
    ] {
        assert!(
            matches!(sets.take(bytes), Err(Fault::Garbage(_))),
            "{bytes:?}"
        );
    }
    assert_eq!(sets.annex_b(), before);
}

proptest! {
    #[test]
    fn hostile_sets_never_panic(
        sets_sent in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60)), 0..20),
    ) {
        let mut sets = Sets::default();
        sets.take(&sequence(USUAL)).unwrap();
        for (is_sequence, bytes) in sets_sent {
            let header = if is_sequence { 0x67 } else { 0x68 };
            let _ = sets.take(&[&[header], bytes.as_slice()].concat());
        }
        let _ = sets.annex_b();
    }

    #[test]
    fn a_damaged_set_is_taken_or_named_and_what_is_taken_is_within_bounds(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut nal = sequence(Claim { signal: Some((true, 1)), ..USUAL });
        for (at, byte) in changes {
            let at = at.index(nal.len() - 1) + 1;
            nal[at] = byte;
        }
        let mut sets = Sets::default();
        if sets.take(&nal).is_ok() && sets.take(&picture(0, false)).is_ok() {
            let shape = sets.shape().unwrap();
            prop_assert!(u64::from(shape.width) * u64::from(shape.height) <= MOST_PIXELS);
        }
    }
}
