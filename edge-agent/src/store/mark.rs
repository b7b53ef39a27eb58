//! A tiny file beside the database that survives its loss: epoch, newest number, acknowledgement, directives.
//!
//! Two slots are written in turn, each with its checksum, so that a torn write leaves the older one.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use contract::event::Epoch;
use contract::wire::Generation;

const MAGIC: &[u8; 4] = b"GWM1";
const SLOT: usize = 64;
/// Each slot has a disk sector of its own, so that one torn sector never holds both.
const STRIDE: u64 = 4096;

/// What the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which life of the numbering.
    pub epoch: Epoch,
    /// The newest event that was on disk for good.
    pub last_seq: u64,
    /// The newest event that the hub has.
    pub acked: u64,
    /// The hub's generation that said so.
    pub generation: Generation,
    /// The newest directive taken for good.
    pub directives: u64,
    /// Whether the store was closed in order.
    pub clean: bool,
}

/// The file, open.
pub(super) struct MarkFile {
    file: File,
    turn: u64,
}

impl MarkFile {
    /// Opens or makes the file; returns the newest slot that is whole.
    pub fn open(path: &Path) -> io::Result<(Self, Option<Mark>)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut newest: Option<(u64, Mark)> = None;
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            if file.read_exact_at(&mut bytes, slot * STRIDE).is_err() {
                continue;
            }
            if let Some((turn, mark)) = parse(&bytes)
                && newest.is_none_or(|(newer, _)| turn > newer)
            {
                newest = Some((turn, mark));
            }
        }
        let turn = newest.map_or(0, |(turn, _)| turn);
        Ok((Self { file, turn }, newest.map(|(_, mark)| mark)))
    }

    /// Writes the mark; with `sync` it is on disk for good afterwards.
    pub fn write(&mut self, mark: &Mark, sync: bool) -> io::Result<()> {
        self.turn += 1;
        self.file
            .write_all_at(&lay_out(self.turn, mark), (self.turn % 2) * STRIDE)?;
        if sync {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

fn lay_out(turn: u64, mark: &Mark) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[0..4].copy_from_slice(MAGIC);
    let numbers = [
        turn,
        mark.epoch,
        mark.last_seq,
        mark.acked,
        mark.generation,
        mark.directives,
    ];
    for (i, number) in numbers.into_iter().enumerate() {
        bytes[4 + 8 * i..12 + 8 * i].copy_from_slice(&number.to_be_bytes());
    }
    bytes[52] = u8::from(mark.clean);
    let crc = crc32fast::hash(&bytes[..60]);
    bytes[60..].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn parse(bytes: &[u8; SLOT]) -> Option<(u64, Mark)> {
    let crc = crc32fast::hash(&bytes[..60]).to_be_bytes();
    if &bytes[0..4] != MAGIC || bytes[60..] != crc {
        return None;
    }
    let number = |i: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[4 + 8 * i..12 + 8 * i]);
        u64::from_be_bytes(eight)
    };
    let mark = Mark {
        epoch: number(1),
        last_seq: number(2),
        acked: number(3),
        generation: number(4),
        directives: number(5),
        clean: bytes[52] == 1,
    };
    Some((number(0), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(last_seq: u64) -> Mark {
        Mark {
            epoch: 5,
            last_seq,
            acked: 3,
            generation: 2,
            directives: 9,
            clean: true,
        }
    }

    #[test]
    fn the_newest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        let (mut file, found) = MarkFile::open(&path).unwrap();
        assert_eq!(found, None);
        file.write(&mark(1), true).unwrap();
        file.write(&mark(2), false).unwrap();
        assert_eq!(MarkFile::open(&path).unwrap().1, Some(mark(2)));
        // The newer slot is torn: the older one counts.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(MarkFile::open(&path).unwrap().1, Some(mark(1)));
    }

    #[test]
    fn a_file_of_garbage_is_no_mark() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        std::fs::write(&path, vec![7; 9000]).unwrap();
        assert_eq!(MarkFile::open(&path).unwrap().1, None);
    }
}
