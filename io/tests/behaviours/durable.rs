//! Files that are overwritten in place by durable writes.

use std::cell::RefCell;
use std::io::{ErrorKind, IoSlice};
use std::path::PathBuf;
use std::rc::Rc;

use creel_io::fs::{self, AlignedBuffer, BLOCK_BYTES, DurableFile, File, OpenOptions, WriteMode};
use creel_io::spawn;

const BLOCK: u64 = BLOCK_BYTES as u64;

fn blocks_of(byte: u8, count: usize) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::with_capacity(count * BLOCK_BYTES);
    buffer.extend_from_slice(&vec![byte; count * BLOCK_BYTES]);
    buffer
}

async fn read(file: &DurableFile, position: u64, length: usize) -> Vec<u8> {
    let (outcome, buffer) = file.read(AlignedBuffer::with_capacity(length), position, length).await;
    outcome.unwrap();
    buffer.to_vec()
}

pub(crate) async fn a_durable_file_begins_with_zeros_and_is_overwritten_in_place(root: PathBuf) {
    let path = root.join("f");
    let length = (3 << 20) + BLOCK;
    let file = DurableFile::create(&path, length).await.unwrap();
    fs::sync_dir(&root).await.unwrap();
    assert_eq!((file.len(), fs::read_dir(&root).unwrap().len()), (length, 1));
    assert!(fs::read(&path).unwrap().iter().all(|byte| *byte == 0));
    assert_eq!(DurableFile::create(&path, BLOCK).await.err().unwrap().kind(), ErrorKind::AlreadyExists);

    let mut buffer = AlignedBuffer::with_capacity(3 * BLOCK_BYTES);
    buffer.extend_from_slice(b"record");
    buffer.pad_with_zeros();
    let address = buffer.as_ptr();
    let (outcome, mut buffer) = file.write_durable(buffer, length - BLOCK).await;
    outcome.unwrap();
    assert_eq!((buffer.as_ptr(), buffer.len(), &buffer[..6]), (address, BLOCK_BYTES, &b"record"[..]));
    buffer.clear();
    buffer.extend_from_slice(&[7; 3 * BLOCK_BYTES]);
    file.write_durable(buffer, BLOCK).await.0.unwrap();
    drop(file);

    let file = DurableFile::open(&path).await.unwrap();
    assert_eq!(file.len(), length);
    let all = fs::read(&path).unwrap();
    assert_eq!(all.len() as u64, length);
    for (at, expected) in [(0, 0), (BLOCK, 7), (4 * BLOCK - 1, 7), (4 * BLOCK, 0)] {
        assert_eq!(all[at as usize], expected, "{at}");
    }
    assert_eq!(read(&file, 0, 4 * BLOCK_BYTES).await, all[..4 * BLOCK_BYTES]);
    let last = read(&file, length - BLOCK, 4 * BLOCK_BYTES).await;
    assert_eq!((last.len(), &last[..7]), (BLOCK_BYTES, &b"record\0"[..]));
    assert_eq!(read(&file, length, BLOCK_BYTES).await, []);
}

pub(crate) async fn what_an_interrupted_creation_left_is_no_hindrance(root: PathBuf) {
    let left = File::open(&root.join("f.tmp"), OpenOptions::create()).unwrap();
    left.write_all_at(&mut [IoSlice::new(&[9; 100_000])], 0).unwrap();
    drop(left);
    let file = DurableFile::create(&root.join("f"), 2 * BLOCK).await.unwrap();
    assert_eq!(read(&file, 0, 2 * BLOCK_BYTES).await, vec![0; 2 * BLOCK_BYTES]);
    assert_eq!(fs::read_dir(&root).unwrap(), ["f"]);
}

pub(crate) async fn what_does_not_lie_in_a_durable_file_is_not_written(root: PathBuf) {
    let path = root.join("f");
    for length in [0, 1, BLOCK + 512] {
        let error = DurableFile::create(&path, length).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let file = DurableFile::create(&path, 4 * BLOCK).await.unwrap();
    let mut odd = AlignedBuffer::with_capacity(BLOCK_BYTES);
    odd.extend_from_slice(b"not padded");
    let refused = [
        (odd, 0),
        (AlignedBuffer::with_capacity(BLOCK_BYTES), 0),
        (blocks_of(1, 1), 512),
        (blocks_of(1, 1), 4 * BLOCK),
        (blocks_of(1, 2), 3 * BLOCK),
        (blocks_of(1, 1), u64::MAX / BLOCK * BLOCK),
    ];
    for (buffer, position) in refused {
        let before = buffer.to_vec();
        let (outcome, buffer) = file.write_durable(buffer, position).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(buffer.to_vec(), before);
    }
    for (position, length) in [(512, BLOCK_BYTES), (0, 512), (0, 2 * BLOCK_BYTES)] {
        let (outcome, _) = file.read(AlignedBuffer::with_capacity(1), position, length).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!(!file.is_failed());
    file.write_durable(blocks_of(2, 4), 0).await.0.unwrap();
    assert_eq!(fs::read(&path).unwrap(), vec![2; 4 * BLOCK_BYTES]);
}

pub(crate) async fn many_durable_writes_are_in_flight_and_none_disturbs_another(root: PathBuf) {
    const WRITERS: u64 = 12;
    let path = root.join("f");
    let file = Rc::new(DurableFile::create(&path, WRITERS * 2 * BLOCK).await.unwrap());
    for round in 0..5 {
        let writers = (0..WRITERS).map(|at| {
            let file = file.clone();
            let count = 1 + (at + round) as usize % 2;
            spawn(async move {
                let buffer = blocks_of((round * WRITERS + at) as u8, count);
                let (outcome, buffer) = file.write_durable(buffer, at * 2 * BLOCK).await;
                outcome.unwrap();
                assert_eq!(buffer.len(), count * BLOCK_BYTES);
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await;
        }
        for at in 0..WRITERS {
            let block = read(&file, at * 2 * BLOCK, BLOCK_BYTES).await;
            assert_eq!(block, vec![(round * WRITERS + at) as u8; BLOCK_BYTES]);
        }
    }
}

pub(crate) async fn all_durable_writes_through_the_page_cache_have_their_turn(root: PathBuf) {
    let path = root.join("f");
    drop(DurableFile::create(&path, 8 * BLOCK).await.unwrap());
    let file = Rc::new(DurableFile::open_synced(&path).await.unwrap());
    assert_eq!(file.mode(), WriteMode::Synced);
    let ended = Rc::new(RefCell::new(Vec::new()));
    let write = |at: u64| {
        let (file, ended) = (file.clone(), ended.clone());
        spawn(async move {
            file.write_durable(blocks_of(at as u8, 1), at * BLOCK).await.0.unwrap();
            ended.borrow_mut().push(at);
        })
    };
    let writes: Vec<_> = (0..8).map(write).collect();
    for write in writes {
        write.await;
    }
    ended.borrow_mut().sort_unstable();
    assert_eq!(ended.take(), (0..8).collect::<Vec<_>>());
    let expected: Vec<u8> = (0..8).flat_map(|at| [at; BLOCK_BYTES]).collect();
    assert_eq!(read(&file, 0, 8 * BLOCK_BYTES).await, expected);
    assert_eq!(fs::read(&path).unwrap(), expected);
}

/// The kernel may still be at it, with the buffer, when the future is gone.
pub(crate) async fn a_durable_write_that_is_dropped_is_the_last_one(root: PathBuf) {
    for _ in 0..10 {
        let path = root.join("f");
        let file = DurableFile::create(&path, 64 * BLOCK).await.unwrap();
        {
            let mut first = Box::pin(file.write_durable(blocks_of(1, 32), 0));
            let mut second = Box::pin(file.write_durable(blocks_of(2, 32), 32 * BLOCK));
            std::future::poll_fn(|cx| {
                assert!(first.as_mut().poll(cx).is_pending());
                assert!(second.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            let overlapping = file.write_durable(blocks_of(3, 2), 31 * BLOCK);
            drop((first, second));
            drop(overlapping);
        }
        assert!(file.is_failed());
        let (outcome, _) = file.write_durable(blocks_of(4, 1), 0).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Other);
        let left = read(&file, 0, 64 * BLOCK_BYTES).await;
        assert!(left.iter().all(|byte| *byte <= 2));
        fs::remove_file(&path).unwrap();
    }
}

pub(crate) async fn a_file_of_broken_blocks_is_not_opened(root: PathBuf) {
    let path = root.join("f");
    assert_eq!(DurableFile::open(&path).await.err().unwrap().kind(), ErrorKind::NotFound);
    let file = File::open(&path, OpenOptions::create()).unwrap();
    for length in [0, 100, BLOCK + 1] {
        file.truncate(length).unwrap();
        assert_eq!(DurableFile::open(&path).await.err().unwrap().kind(), ErrorKind::InvalidData);
    }
    file.truncate(2 * BLOCK).unwrap();
    assert_eq!(DurableFile::open(&path).await.unwrap().len(), 2 * BLOCK);
}
