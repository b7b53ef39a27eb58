//! Tests of putting pictures together: every way of packing them, losses, and hostile bytes.

use proptest::prelude::*;

use super::*;

const SPS: [u8; 4] = [0x67, 0x42, 0xc0, 0x1e];
const PPS: [u8; 3] = [0x68, 0xce, 0x3c];

/// A slice: of a key frame or not, the first of its picture or not, with a body.
fn slice(is_key: bool, is_first: bool, body: u8) -> Vec<u8> {
    let header = if is_key { 0x65 } else { 0x41 };
    vec![header, if is_first { 0x88 } else { 0x08 }, body, body]
}

fn packet(payload: &[u8], timestamp: i64, mark: bool) -> Packet<'_> {
    Packet {
        payload,
        timestamp,
        mark,
        loss: false,
    }
}

/// One STAP-A with these NAL units.
fn aggregated(nals: &[&[u8]]) -> Vec<u8> {
    let mut payload = vec![0x18];
    for nal in nals {
        payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    payload
}

/// The NAL unit as FU-A packets of so many bytes.
fn fragments(nal: &[u8], size: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = nal[1..].chunks(size).collect();
    let last = pieces.len() - 1;
    pieces
        .iter()
        .enumerate()
        .map(|(index, piece)| {
            let mut flags = nal[0] & 0x1f;
            flags |= if index == 0 { 0x80 } else { 0 };
            flags |= if index == last { 0x40 } else { 0 };
            [&[nal[0] & 0x60 | 28, flags], *piece].concat()
        })
        .collect()
}

fn annex_b(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter()
        .flat_map(|nal| [START.as_slice(), nal].concat())
        .collect()
}

/// Everything that comes of these packets, and the damages.
fn joined(assembler: &mut Assembler, packets: &[Packet<'_>]) -> (Vec<Unit>, Vec<Damage>) {
    let mut out = VecDeque::new();
    let damages = packets
        .iter()
        .filter_map(|packet| assembler.push(*packet, &mut out).err())
        .collect();
    (out.into(), damages)
}

/// A stream of pictures, one packet each: a key frame and `following` others.
fn key_and(assembler: &mut Assembler, following: usize) -> Vec<Unit> {
    let (key, other) = (slice(true, true, 1), slice(false, true, 2));
    let mut packets = vec![packet(&key, 0, true)];
    packets.extend((1..=following).map(|at| packet(&other, at as i64 * 3000, true)));
    joined(assembler, &packets).0
}

#[test]
fn single_aggregated_and_fragmented_nal_units_become_the_same_picture() {
    let key = slice(true, true, 7);
    let long = [key.as_slice(), &[9; 50]].concat();
    let sets = aggregated(&[&SPS, &PPS]);
    let pieces = fragments(&long, 10);
    let all = aggregated(&[&SPS, &PPS, &long]);
    let wanted = Unit {
        sets: vec![SPS.to_vec(), PPS.to_vec()],
        slices: annex_b(&[&long]),
        is_key: true,
        is_reference: true,
    };
    let mut split = vec![packet(&sets, 5, false)];
    let last = pieces.len() - 1;
    split.extend(
        pieces
            .iter()
            .enumerate()
            .map(|(index, piece)| packet(piece, 5, index == last)),
    );
    let one_by_one = [
        packet(&SPS, 5, false),
        packet(&PPS, 5, false),
        packet(&long, 5, true),
    ];
    for packets in [split.as_slice(), &[packet(&all, 5, true)], &one_by_one] {
        let (units, damages) = joined(&mut Assembler::new(false), packets);
        assert_eq!(units, std::slice::from_ref(&wanted));
        assert_eq!(damages, []);
    }
}

#[test]
fn start_codes_inside_a_nal_unit_part_it_and_remarks_are_left_out() {
    let key = slice(true, true, 7);
    let bytes = [
        SPS.as_slice(),
        &START,
        &PPS,
        &[0, 0, 1],
        &[6, 5, 4, 3],
        &START,
        &[9, 0x10],
        &START,
        &key,
        &[0, 0],
    ]
    .concat();
    let (units, _) = joined(&mut Assembler::new(false), &[packet(&bytes, 1, true)]);
    assert_eq!(units[0].sets, [SPS.to_vec(), PPS.to_vec()]);
    assert_eq!(units[0].slices, annex_b(&[&key]));
}

#[test]
fn slices_of_one_picture_stay_together_and_a_new_picture_needs_no_mark() {
    let (one, two) = (slice(true, true, 1), slice(true, false, 2));
    let next = slice(false, true, 3);
    // No marks at all: a first slice or a new time ends the picture before.
    let packets = [
        packet(&one, 1, false),
        packet(&two, 1, false),
        packet(&next, 1, false),
        packet(&next, 2, false),
        packet(&SPS, 3, false),
    ];
    let (units, damages) = joined(&mut Assembler::new(false), &packets);
    let slices: Vec<_> = units.iter().map(|unit| unit.slices.clone()).collect();
    assert_eq!(
        slices,
        [annex_b(&[&one, &two]), annex_b(&[&next]), annex_b(&[&next])]
    );
    assert_eq!(damages, []);
}

#[test]
fn parameter_sets_with_a_mark_or_a_time_of_their_own_belong_to_the_picture_behind_them() {
    let key = slice(true, true, 1);
    let packets = [
        packet(&SPS, 1, true),
        packet(&PPS, 2, true),
        packet(&key, 3, true),
    ];
    let (units, _) = joined(&mut Assembler::new(false), &packets);
    assert_eq!(units.len(), 1);
    assert_eq!(units[0].sets, [SPS.to_vec(), PPS.to_vec()]);
}

#[test]
fn nothing_comes_before_a_key_frame_and_with_only_keys_nothing_between_them() {
    let (key, other) = (slice(true, true, 1), slice(false, true, 2));
    let packets = [
        packet(&other, 1, true),
        packet(&key, 2, true),
        packet(&other, 3, true),
        packet(&other, 4, true),
        packet(&key, 5, true),
    ];
    let (units, damages) = joined(&mut Assembler::new(false), &packets);
    let keys: Vec<bool> = units.iter().map(|unit| unit.is_key).collect();
    assert_eq!(keys, [true, false, false, true]);
    assert_eq!(damages, []);
    let (units, _) = joined(&mut Assembler::new(true), &packets);
    assert_eq!(units.len(), 2);
    assert!(units.iter().all(|unit| unit.is_key));
}

#[test]
fn a_lost_packet_costs_everything_up_to_the_next_key_frame_and_nothing_else() {
    let key = [slice(true, true, 1), vec![5; 40]].concat();
    let pieces = fragments(&key, 10);
    let other = slice(false, true, 2);
    for missing in 0..pieces.len() {
        let mut assembler = Assembler::new(false);
        assert_eq!(key_and(&mut assembler, 2).len(), 3);
        let mut packets = Vec::new();
        let mut is_lost = false;
        for (index, piece) in pieces.iter().enumerate() {
            if index == missing {
                is_lost = true;
                continue;
            }
            let mut next = packet(piece, 9000, index + 1 == pieces.len());
            next.loss = std::mem::take(&mut is_lost);
            packets.push(next);
        }
        for at in 0..3 {
            let mut next = packet(&other, 12_000 + at, true);
            next.loss = std::mem::take(&mut is_lost);
            packets.push(next);
        }
        let (units, damages) = joined(&mut assembler, &packets);
        assert_eq!(units, [], "without piece {missing}");
        assert!(!damages.is_empty());
        assert!(assembler.waits);
        assert_eq!(key_and(&mut assembler, 1).len(), 2, "and it goes on");
    }
}

#[test]
fn a_key_frame_right_behind_a_loss_is_whole() {
    let mut assembler = Assembler::new(false);
    key_and(&mut assembler, 1);
    let key = slice(true, true, 3);
    let mut behind = packet(&key, 99, true);
    behind.loss = true;
    let (units, damages) = joined(&mut assembler, &[behind]);
    assert_eq!(units.len(), 1);
    assert_eq!(damages, [Damage::Lost]);
    // Its second slice alone is none.
    let rest = slice(true, false, 4);
    let mut behind = packet(&rest, 100, true);
    behind.loss = true;
    assert_eq!(joined(&mut assembler, &[behind]).0, []);
}

#[test]
fn what_no_camera_sends_is_damage_and_the_next_key_frame_is_taken() {
    let key = slice(true, true, 1);
    let cut = &aggregated(&[&SPS, &key])[..9];
    let hostile: [(&[u8], Damage); 9] = [
        (&[], Damage::CutOff),
        (&[0x80 | 5, 0x88], Damage::UnknownKind(0x85)),
        (&[30, 1, 2], Damage::UnknownKind(30)),
        (&[0x1c], Damage::CutOff),
        (&[0x1c, 0x05, 1, 2], Damage::Fragments),
        (cut, Damage::CutOff),
        (&[0x18, 0], Damage::CutOff),
        (&[0x65], Damage::CutOff),
        (&[0x65, 0x08, 1], Damage::NoBeginning),
    ];
    for (payload, damage) in hostile {
        let mut assembler = Assembler::new(false);
        key_and(&mut assembler, 1);
        let (units, damages) = joined(&mut assembler, &[packet(payload, 5, true)]);
        assert_eq!((units, damages), (Vec::new(), vec![damage]), "{payload:?}");
        assert_eq!(key_and(&mut assembler, 1).len(), 2);
    }
}

#[test]
fn a_picture_that_never_ends_and_a_flood_of_parameter_sets_take_bounded_memory() {
    let mut assembler = Assembler::new(false);
    let first = [&[0x7c, 0x85, 0x88], [1; 60_000].as_slice()].concat();
    let more = [&[0x7c, 0x05], [1; 60_000].as_slice()].concat();
    let mut out = VecDeque::new();
    assembler.push(packet(&first, 1, false), &mut out).unwrap();
    let damage = (0..200).find_map(|_| assembler.push(packet(&more, 1, false), &mut out).err());
    assert_eq!(damage, Some(Damage::TooLong));
    assert!(assembler.fragment.is_none());
    let whole = [slice(true, true, 1).as_slice(), &[1; 60_000]].concat();
    let rest = [slice(true, false, 1).as_slice(), &[1; 60_000]].concat();
    let mut damage = assembler.push(packet(&whole, 2, false), &mut out).err();
    for _ in 0..200 {
        damage = damage.or(assembler.push(packet(&rest, 2, false), &mut out).err());
        assert!(assembler.open.slices.len() <= LONGEST_UNIT);
    }
    assert_eq!(damage, Some(Damage::TooLong));
    for id in 0..1000_u16 {
        let set = [&[0x68], id.to_be_bytes().as_slice(), &[1]].concat();
        let _ = assembler.push(packet(&set, 3, false), &mut out);
        assert!(assembler.open.sets.len() <= MOST_SETS);
    }
    let long = [&[0x67], [1; LONGEST_SET].as_slice()].concat();
    assert_eq!(
        assembler.push(packet(&long, 4, false), &mut out),
        Err(Damage::TooLong)
    );
}

proptest! {
    #[test]
    fn hostile_packets_never_panic_and_whole_pictures_begin_with_a_key_frame(
        packets in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..40), 0u8..34, 0i64..3, any::<bool>(), prop::bool::weighted(0.1)),
            0..60,
        ),
        only_keys in any::<bool>(),
    ) {
        let mut assembler = Assembler::new(only_keys);
        let mut out = VecDeque::new();
        for (mut payload, kind, timestamp, mark, loss) in packets {
            if let Some(first) = payload.first_mut() {
                *first = *first & 0x60 | kind & 0x1f;
            }
            let _ = assembler.push(Packet { payload: &payload, timestamp, mark, loss }, &mut out);
        }
        prop_assert!(out.front().is_none_or(|unit| unit.is_key));
        prop_assert!(!only_keys || out.iter().all(|unit| unit.is_key));
    }

    #[test]
    fn any_way_of_cutting_a_stream_into_packets_gives_the_same_pictures(
        bodies in prop::collection::vec(prop::collection::vec(1u8..255, 1..80), 1..12),
        size in 1usize..30,
    ) {
        let mut assembler = Assembler::new(false);
        let mut out = VecDeque::new();
        let mut wanted = Vec::new();
        for (index, body) in bodies.iter().enumerate() {
            let nal = [slice(index == 0, true, 1).as_slice(), body].concat();
            wanted.push(annex_b(&[&nal]));
            let pieces = fragments(&nal, size);
            let last = pieces.len() - 1;
            for (at, piece) in pieces.iter().enumerate() {
                assembler.push(packet(piece, index as i64, at == last), &mut out).unwrap();
            }
        }
        let found: Vec<Vec<u8>> = out.into_iter().map(|unit| unit.slices).collect();
        prop_assert_eq!(found, wanted);
    }
}
