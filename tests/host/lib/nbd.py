"""
A disk served over a Unix socket (NBD, newstyle handshake, one export), which
answers some reads late, or with an error: for machines whose disk does badly.

    disk = SlowDisk(socket_path, data, late={offset: [seconds, ...]},
                    bad={offset: [seconds, ...]}, always=seconds,
                    fails=function)

The first reads that begin at an offset of late are answered after as many
seconds each, in order; those of bad too, with an error. All others are
answered after always. Writes are kept in memory. fails(command, offset, length)
is asked for each request: an error to answer it with, or 0.
"""
import os
import socket
import struct
import threading
import time

# NBD protocol, github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
INIT, OPTION, REPLY = 0x4e42444d41474943, 0x49484156454F5054, 0x3e889045565a9
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPT_EXPORT_NAME, OPT_ABORT = 1, 2
REP_UNSUPPORTED = 0x80000001
HAS_FLAGS, SEND_FLUSH = 1, 4
REQUEST, SIMPLE_REPLY = 0x25609513, 0x67446698
EIO = 5
CMD_READ, CMD_WRITE, CMD_DISCONNECT, CMD_FLUSH = range(4)


class SlowDisk:
    def __init__(self, path, data, late=(), bad=(), always=0,
                 fails=None):
        self.data = bytearray(data)
        self.late = {offset: list(s) for offset, s in dict(late).items()}
        self.bad = {offset: list(s) for offset, s in dict(bad).items()}
        self.always = always
        self.fails = fails or (lambda command, offset, n: 0)
        self.lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            peer = self._listener.accept()[0]
            try:
                self._handshake(peer)
                self._transmit(peer)
            except (EOFError, OSError):
                pass
            peer.close()

    @staticmethod
    def _read(peer, n):
        out = b""
        while len(out) < n:
            part = peer.recv(n - len(out))
            if not part:
                raise EOFError
            out += part
        return out

    def _handshake(self, peer):
        peer.sendall(struct.pack(">8sQH", b"NBDMAGIC", OPTION,
                                 FIXED_NEWSTYLE | NO_ZEROES))
        flags, = struct.unpack(">I", self._read(peer, 4))
        while True:
            _, option, n = struct.unpack(">QII", self._read(peer, 16))
            self._read(peer, n)
            if option == OPT_EXPORT_NAME:
                break
            peer.sendall(struct.pack(">QIII", REPLY, option,
                                     REP_UNSUPPORTED, 0))
            if option == OPT_ABORT:
                raise EOFError
        peer.sendall(struct.pack(">QH", len(self.data),
                                 HAS_FLAGS | SEND_FLUSH))
        if not flags & NO_ZEROES:
            peer.sendall(bytes(124))

    def _answer(self, peer, handle, data, seconds, error):
        time.sleep(seconds)
        with self.lock:
            peer.sendall(struct.pack(">II8s", SIMPLE_REPLY, error, handle) +
                         data)

    def _read_done(self, offset, n):
        """What a read is answered with: data, after seconds, an error."""
        if self.bad.get(offset):
            return b"", self.bad[offset].pop(0), EIO
        data = bytes(self.data[offset:offset + n])
        if self.late.get(offset):
            return data, self.late[offset].pop(0), 0
        return data, self.always, 0

    def _transmit(self, peer):
        while True:
            _, _, command, handle, offset, n = struct.unpack(
                ">IHH8sQI", self._read(peer, 28))
            if command == CMD_DISCONNECT:
                return
            error = self.fails(command, offset, n)
            answer = b"", 0, error
            if command == CMD_READ and not error:
                answer = self._read_done(offset, n)
            elif command == CMD_WRITE:
                data = self._read(peer, n)
                if not error:
                    self.data[offset:offset + n] = data
            threading.Thread(target=self._answer, daemon=True,
                             args=(peer, handle, *answer)).start()
