//! Enums without data on the wire: a case is its number, and a case of a newer build is none where it is optional.

use minicbor::Decoder;
use minicbor::decode::Error;

/// Reads a case by its number. One that is not known stays unread: the struct around it skips it, and a case that is read
/// would make it skip its neighbour.
pub(crate) fn known<T: Copy>(d: &mut Decoder<'_>, cases: &[T]) -> Result<T, Error> {
    let position = d.position();
    let number = d.i64()?;
    let case = usize::try_from(number)
        .ok()
        .and_then(|place| cases.get(place));
    match case {
        Some(case) => Ok(*case),
        None => {
            d.set_position(position);
            Err(Error::unknown_variant(number).at(position))
        }
    }
}
