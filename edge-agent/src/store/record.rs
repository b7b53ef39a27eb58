//! One event as it lies in the database: checksum, running total of bytes, CBOR. Pure.

use contract::event::Event;

/// Bytes before the CBOR.
const HEAD: usize = 12;

/// A record that is whole.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    /// Bytes of all records of this epoch up to and with this one: two of them tell how much lies between.
    pub total: u64,
    /// The event.
    pub event: Event,
}

/// Lays out an event that follows records of `before` bytes in total.
pub(super) fn encode(before: u64, event: &Event) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    let written = minicbor::encode(event, &mut bytes);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    let total = before.saturating_add(bytes.len() as u64);
    bytes[4..HEAD].copy_from_slice(&total.to_be_bytes());
    let crc = checksum(event.seq, &bytes[4..]);
    bytes[..4].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Reads the record of number `seq`, or says what is wrong with it.
pub(super) fn decode(seq: u64, bytes: &[u8]) -> Result<Record, String> {
    let Some((crc, rest)) = bytes.split_first_chunk::<4>() else {
        return Err("the record is cut off".into());
    };
    let Some((total, body)) = rest.split_first_chunk::<8>() else {
        return Err("the record is cut off".into());
    };
    if checksum(seq, rest).to_be_bytes() != *crc {
        return Err("the record's checksum is wrong".into());
    }
    let event: Event =
        minicbor::decode(body).map_err(|error| format!("the record is no event: {error}"))?;
    if event.seq != seq {
        return Err(format!("the record is event {}", event.seq));
    }
    Ok(Record {
        total: u64::from_be_bytes(*total),
        event,
    })
}

/// Covers the key too: a record under another's number is found out.
fn checksum(seq: u64, rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&seq.to_be_bytes());
    hasher.update(rest);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use contract::time::Moment;
    use contract::time::TimeQuality;
    use contract::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn event(seq: u64) -> Event {
        Event {
            seq,
            at: Moment {
                wall: Timestamp::from_millis(1),
                monotonic_ms: 2,
                boot: "b".into(),
                quality: TimeQuality::Hub,
            },
            gate: None,
            kind: 5,
            body: vec![1, 2, 3].into(),
        }
    }

    #[test]
    fn a_record_comes_back_with_its_running_total() {
        let bytes = encode(100, &event(7));
        let record = decode(7, &bytes).unwrap();
        assert_eq!(record.event, event(7));
        assert_eq!(record.total, 100 + bytes.len() as u64);
    }

    #[test]
    fn a_record_under_another_number_is_found_out() {
        assert!(decode(8, &encode(0, &event(7))).is_err());
    }

    proptest! {
        #[test]
        fn any_flipped_bit_or_cut_is_found(bit in 0usize..2000, cut in 0usize..200) {
            let bytes = encode(0, &event(7));
            let mut flipped = bytes.clone();
            let bit = bit % (bytes.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(7, &flipped).is_err());
            prop_assert!(decode(7, &bytes[..cut % bytes.len()]).is_err());
        }
    }
}
