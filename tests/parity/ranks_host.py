# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host of the C API that does what it is told, for tests of several ranks.

    ranks_host.py ENGINE STEPS        STEPS: a JSON list of
        ["open", {option: value}, MODEL]     the name of it, for several, may be left out; these options also begin every session of it
        ["session", NAME, {option: value}, MODEL]    that makes nothing ahead of its reader, but where "prefetch" is an option
        ["read", NAME, FRAMES]        that many, or -1: all that are left
        ["progress", NAME], ["destroy", NAME], ["sleep", SECONDS], ["memory"]
        ["try", STEP]                 which may fail: its "error"
After each it prints a line: JSON {"step": what, "time": seconds since it began, "processor": those of it that its own process computed}, after reads "digest" of the frames and how many "frames", after
progress "stage" and "done", frames that are finished, after memory "anonymous", its bytes that are no file's. The log goes to stderr."""
import ctypes
import hashlib
import json
import sys
import time

RGB24 = 10        # ZT_PIXEL_RGB24
LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class ModelParams(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("model", ctypes.c_char_p), ("device", ctypes.c_char_p), ("precision", ctypes.c_char_p),
                ("memory_bytes", ctypes.c_uint64), ("cpu_threads", ctypes.c_int), ("lora", ctypes.c_char_p), ("engine_opts", ctypes.c_char_p),
                ("log", LOG), ("log_opaque", ctypes.c_void_p), ("more", ctypes.c_char * 256)]


class Request(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("texts", ctypes.c_char_p * 4), ("transition", ctypes.c_int), ("size", ctypes.c_int * 2), ("rate", ctypes.c_int * 2),
                ("times", ctypes.c_int64 * 4), ("steps", ctypes.c_int), ("guidance", ctypes.c_double), ("flow_shift", ctypes.c_double), ("enhance", ctypes.c_int),
                ("format", ctypes.c_int), ("prefetch", ctypes.c_int), ("more", ctypes.c_char * 1024)]


class FrameInfo(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("width", ctypes.c_int), ("height", ctypes.c_int), ("format", ctypes.c_int),
                ("data", ctypes.c_void_p * 4), ("stride", ctypes.c_ssize_t * 4), ("pts", ctypes.c_int64)]


class Progress(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("stage", ctypes.c_char_p), ("step", ctypes.c_int), ("steps", ctypes.c_int), ("frames_done", ctypes.c_int64), ("more", ctypes.c_char * 256)]


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 508)]


class Host:
    def __init__(self, library):
        self.zt = ctypes.CDLL(library)
        self.zt.zt_frame_get_info.restype = ctypes.POINTER(FrameInfo)
        self.zt.zt_frame_get_info.argtypes = [ctypes.c_void_p]
        self.log = LOG(lambda _, level, text: print(text.decode(), file=sys.stderr, flush=True))
        self.models, self.sessions, self.error, self.params = {}, {}, Error(), ModelParams()
        self.kept = []

    def must(self, status):
        if status < 0:
            raise RuntimeError(self.error.message.decode())

    def request(self, options):
        request = Request()
        self.zt.zt_request_init_sized(ctypes.byref(request), ctypes.c_size_t(ctypes.sizeof(request)))
        assert request.prefetch == 1                        # as the header says: the fields lie where they should
        request.format, request.prefetch = RGB24, options.get("prefetch", 0)
        for name, value in options.items():
            if name == "prefetch":
                continue
            self.kept.append(value.encode())                # borrowed until it has been used
            self.must(self.zt.zt_set_option(ctypes.byref(self.params), ctypes.byref(request), name.encode(), self.kept[-1], ctypes.byref(self.error)))
        return request

    def open(self, options, name="model"):
        self.zt.zt_model_params_init_sized(ctypes.byref(self.params), ctypes.c_size_t(ctypes.sizeof(self.params)))
        self.request(options)
        self.params.log = self.log
        model = ctypes.c_void_p()
        self.must(self.zt.zt_model_open(ctypes.byref(self.params), ctypes.byref(model), ctypes.byref(self.error)))
        self.models[name] = model, options

    def session(self, name, options, model="model"):
        session, (model, common) = ctypes.c_void_p(), self.models[model]
        request = self.request({**common, **options})
        self.must(self.zt.zt_session_create(model, ctypes.byref(request), ctypes.byref(session), ctypes.byref(self.error)))
        self.sessions[name] = session

    def read(self, name, frames):
        digest, count, frame = hashlib.sha256(), 0, ctypes.c_void_p()
        while count != frames:
            self.must(self.zt.zt_session_read(self.sessions[name], ctypes.c_int64(-1), ctypes.byref(frame), ctypes.byref(self.error)))
            if not frame:
                break
            info = self.zt.zt_frame_get_info(frame).contents
            for row in range(info.height):
                digest.update(ctypes.string_at(info.data[0] + row * info.stride[0], 3 * info.width))
            self.zt.zt_frame_unref(ctypes.byref(frame))
            count += 1
        return dict(digest=digest.hexdigest(), frames=count)

    def destroy(self, name):
        self.zt.zt_session_destroy(ctypes.byref(self.sessions.pop(name)))

    def sleep(self, seconds):
        time.sleep(seconds)

    def memory(self):
        with open("/proc/self/status") as status:
            return dict(anonymous=next(1024 * int(line.split()[1]) for line in status if line.startswith("RssAnon:")))

    def progress(self, name):
        progress = Progress(ctypes.sizeof(Progress))
        self.must(self.zt.zt_session_get_progress(self.sessions[name], ctypes.byref(progress)))
        return dict(stage=progress.stage.decode(), done=progress.frames_done)

    def attempt(self, step):
        try:
            return getattr(self, step[0])(*step[1:])
        except RuntimeError as error:
            return dict(error=str(error))


def main():
    host, began = Host(sys.argv[1]), time.monotonic()
    for step, *words in json.loads(sys.argv[2]):
        did = getattr(host, "attempt" if step == "try" else step)(*words) or {}
        print(json.dumps(dict(step=[step, *words], time=time.monotonic() - began, processor=time.process_time(), **did)), flush=True)
    for name in list(host.sessions):
        host.destroy(name)
    for model, _ in host.models.values():
        host.zt.zt_model_unref(ctypes.byref(model))


if __name__ == "__main__":
    main()
