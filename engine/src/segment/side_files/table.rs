//! The rows: every kind of side file. They say which indexes a segment has, and what goes when a segment goes.

use std::io;

use bytes::Bytes;

use crate::offset::Offset;
use crate::segment::side_files::index::{Index, IndexPoint, TimestampOffset};
use crate::segment::side_files::kind::Kind;
use crate::segment::side_files::offset_index::OffsetIndex;
use crate::segment::side_files::snapshot;
use crate::segment::side_files::time_index::TimeIndex;

macro_rules! indexes {
    ($($name:ident: $index:ty,)*) => {
        /// The indexes of one segment, in memory.
        #[derive(Debug)]
        pub(crate) struct Indexes {
            $(pub(crate) $name: $index,)*
        }

        impl Indexes {
            pub(crate) const KINDS: &[Kind] = &[$(<$index>::KIND,)*];

            /// Those of a segment that starts at `base` and has no batches.
            pub(crate) fn empty(base: Offset) -> Self {
                Self { $($name: Index::empty(base),)* }
            }

            /// Reads the indexes of a segment of `log_bytes` from what `content` finds in each file. `None` if one is
            /// missing or can't be right.
            pub(crate) fn read(
                base: Offset,
                log_bytes: u64,
                content: impl Fn(Kind) -> io::Result<Option<Bytes>>,
            ) -> io::Result<Option<Self>> {
                $(let $name = content(<$index>::KIND)?;)*
                let all = || Some(Self { $($name: Index::read(base, &$name?, log_bytes)?,)* });
                Ok(all())
            }

            /// What each file holds.
            pub(crate) fn contents(&self) -> Vec<(Kind, Vec<u8>)> {
                vec![$((<$index>::KIND, self.$name.bytes()),)*]
            }

            /// Adds a batch to all of them.
            pub(crate) fn note(&mut self, point: &IndexPoint) {
                $(Index::note(&mut self.$name, point);)*
            }

            /// Adds what the files end with: nothing more will be added.
            pub(crate) fn finish(&mut self, largest: Option<TimestampOffset>) {
                $(Index::finish(&mut self.$name, largest);)*
            }

            /// The size of the largest file in bytes.
            pub(crate) fn largest_file_bytes(&self) -> u64 {
                0_u64$(.max(self.$name.file_bytes()))*
            }
        }
    };
}

// The indexes of a segment, in the order in which their files are written.
indexes! {
    offsets: OffsetIndex,
    times: TimeIndex,
}

/// The other side files. A file of the last kind is Kafka's: it is not read, and goes with its segment.
const OTHERS: [Kind; 2] = [snapshot::KIND, Kind::named("txnindex")];

/// Every kind of side file.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    Indexes::KINDS.iter().copied().chain(OTHERS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::offset::FilePosition;

    #[test]
    fn everything_beside_a_log_file_has_kafkas_name() {
        let path = |kind: Kind| kind.path(Path::new("/d"), Offset::ZERO);
        let names: Vec<_> = kinds().map(|kind| path(kind).extension().unwrap().to_owned()).collect();
        assert_eq!(names, ["index", "timeindex", "snapshot", "txnindex"]);
    }

    #[test]
    fn the_indexes_come_back_from_their_files_or_not_at_all() {
        let base = Offset::of(100);
        let largest = Some(TimestampOffset { timestamp: 7, last_offset: Offset::of(109) });
        let mut indexes = Indexes::empty(base);
        indexes.note(&IndexPoint { last: Offset::of(109), position: FilePosition::new(400), largest });
        indexes.finish(Some(TimestampOffset { timestamp: 8, last_offset: Offset::of(119) }));
        assert_eq!(indexes.largest_file_bytes(), 24, "the time index has two entries");
        let files = indexes.contents();
        let found = |lost: Option<Kind>| {
            let content = |kind| {
                let file = files.iter().find(|(one, _)| *one == kind && Some(kind) != lost);
                Ok(file.map(|(_, bytes)| Bytes::from(bytes.clone())))
            };
            Indexes::read(base, 500, content).unwrap()
        };
        assert_eq!(found(None).unwrap().contents(), files);
        assert!(Indexes::KINDS.iter().all(|lost| found(Some(*lost)).is_none()));
    }
}
