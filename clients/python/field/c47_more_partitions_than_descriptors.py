"""With 300 descriptors: one Produce and five Fetches that name 500 partitions each. Right: all are written, all is read in the end,
nobody is told of a storage error, and there are descriptors for new connections.
usage: c47_more_partitions_than_descriptors.py /path/to/creel"""
import os, resource, shutil, socket, subprocess, sys, tempfile, time
with socket.socket() as free: free.bind(('127.0.0.1', 0)); port = free.getsockname()[1]
B = sys.argv[1]; sys.argv[1] = f'127.0.0.1:{port}'
from k import *
import k
N = 500; d = tempfile.mkdtemp(prefix='creel'); bad = []
limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
p = subprocess.Popen([B, '--listen', k.A, '--data-dir', d, '--cores', '0-1'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit)
for _ in range(200):
    try: c = Conn(k.A); c.ask(18, 0, b''); break
    except (OSError, EOFError): time.sleep(0.05)
create(c, 'many', N); ready(c, 'many', N); records = batch([b'x' * 100])
for acks in (1, -1):
    r = c.ask(0, 8, s(None) + i16(acks) + i32(30000) + arr([s('many') + arr([i32(n) + b(records) for n in range(N)])])); r.i32(); r.s()
    errors = r.arr(lambda: (r.i32(), r.i16(), r.i64(), r.i64(), r.i64(), r.arr(lambda: (r.i32(), r.s())), r.s())[1])
    if any(errors): bad.append(f'acks={acks}: errors {sorted(set(errors))}')
readers = [(Conn(k.A), {n: 0 for n in range(N)}) for _ in range(5)]
for _ in range(2 * N):
    if not any(left for _, left in readers): break
    for x, left in readers: x.send(1, 11, i32(-1) + i32(500) + i32(1) + i32(1 << 25) + i8(0) + i32(0) + i32(-1) + arr([s('many') + arr([i32(n) + i32(-1) + i64(o) + i64(-1) + i32(1 << 20) for n, o in left.items()])] if left else []) + arr([]) + s(''))
    for x, left in readers:
        r = x.recv(); r.i32(); r.i16(); r.i32()
        for _ in range(r.i32()):
            r.s()
            for _ in range(r.i32()):
                n, e = r.i32(), r.i16(); r.i64(), r.i64(), r.i64(); r.arr(lambda: (r.i64(), r.i64())); r.i32(); got = len(batches(r.b() or b''))
                if e: bad.append(f'fetch: error {e}')
                left[n] += got
                if left[n] == 2: del left[n]
if any(left for _, left in readers): bad.append(f'{[len(left) for _, left in readers]} partitions were never read to their end')
for _ in range(30): Conn(k.A, 5).ask(18, 0, b'')
p.terminate(); rc = p.wait(60); shutil.rmtree(d)
if rc: bad.append(f'exit code {rc}')
done(not bad, '; '.join(dict.fromkeys(bad)) or 'descriptors are enough for all')
