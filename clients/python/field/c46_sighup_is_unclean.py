"""SIGHUP: does the broker stop in an orderly way (as Kafka does), or die?
usage: c46_sighup_is_unclean.py /path/to/creel"""
import sys
import socket
with socket.socket() as free: free.bind(('127.0.0.1', 0)); port = free.getsockname()[1]
B = sys.argv[1]; sys.argv[1] = f'127.0.0.1:{port}'
import k, os, signal, subprocess, tempfile, time, shutil
d = tempfile.mkdtemp(prefix='adv'); p = subprocess.Popen([B, '--listen', k.A, '--data-dir', d, '--cores', '0-1'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
for _ in range(200):
    try: c = k.Conn(k.A, 60); c.ask(18, 0, b''); break
    except (OSError, EOFError): time.sleep(0.05)
k.create(c, 't', 1); k.put(c, 't', 0, k.batch([b'x'])); c.close(); p.send_signal(signal.SIGHUP)
try: rc = p.wait(5)
except subprocess.TimeoutExpired: rc = 'goes on'; p.kill()
clean = os.path.exists(d + '/.kafka_cleanshutdown'); shutil.rmtree(d)
k.done(clean or rc == 'goes on', f'SIGHUP: exit code {rc}, clean-shutdown mark {clean}')
