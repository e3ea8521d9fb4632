"""With 300 descriptors: 500 idle partitions (two records in all), SIGTERM. Is the stop clean, and is the next?
usage: c45_unclean_stop_many_partitions.py /path/to/creel"""
import sys
import socket
with socket.socket() as free: free.bind(('127.0.0.1', 0)); port = free.getsockname()[1]
B = sys.argv[1]; sys.argv[1] = f'127.0.0.1:{port}'
import k, os, resource, subprocess, tempfile, time, shutil
d = tempfile.mkdtemp(prefix='adv'); log = open(d + '.log', 'wb')
def start(): 
    p = subprocess.Popen([B, '--listen', k.A, '--data-dir', d, '--cores', '0-1'], stdout=log, stderr=log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))
    for _ in range(200):
        try: c = k.Conn(k.A, 60); c.ask(18, 0, b''); return p, c
        except (OSError, EOFError): time.sleep(0.05)
rcs = []
for turn in range(3):
    p, c = start()
    if turn == 0: k.create(c, 'many', 500); k.ready(c, 'many', 500)
    k.put(c, 'many', 0, k.batch([b'x'])); fds = len(os.listdir(f'/proc/{p.pid}/fd')); c.close(); p.terminate(); rcs.append((p.wait(60), fds))
text = open(d + '.log', errors='replace').read(); n = text.count('cannot close a partition cleanly'); clean = os.path.exists(d + '/.kafka_cleanshutdown'); shutil.rmtree(d)
k.done(all(r == 0 for r, _ in rcs) and clean, f'(exit code, descriptors open before) of three stops: {rcs}; "cannot close a partition cleanly": {n} times; clean mark at the end: {clean}')
