//! Every message, at every version: what is written is read back equal, takes exactly the size that was
//! foretold, and leaves nothing unread.

use creel_wire::sample::{Sample, Source, sample};
use creel_wire::{Message, Reader, Request, each_request};

use crate::decoders::written;

const SAMPLES: u64 = 60;

fn survives<M: Message + Sample>(version: i16) {
    for seed in 0..SAMPLES {
        let message: M = sample(&mut Source::new(seed), version);
        let mut reader = Reader::new(written(&message, version));
        assert_eq!(M::decode(&mut reader, version).as_ref(), Ok(&message), "v{version}, seed {seed}");
        assert_eq!(reader.remaining(), 0, "unread bytes, v{version}, seed {seed}");
    }
    let empty = M::default();
    let read = M::decode(&mut Reader::new(written(&empty, version)), version);
    assert!(read.is_ok(), "the default of v{version}: {read:?}");
}

fn request_and_response<R: Request + Sample>()
where
    R::Response: Sample,
{
    for version in R::VERSIONS.each() {
        survives::<R>(version);
        survives::<R::Response>(version);
    }
}

macro_rules! each {
    ($($request:path,)*) => {
        #[test]
        fn every_message_of_every_version_survives_the_wire() {
            $(request_and_response::<$request>();)*
        }
    };
}
each_request!(each);
