# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one Check program as its test: criticals are fatal, and no GStreamer object may be left at its end.

    run_check.py PROGRAM MODEL [--preload LIBRARY | --no-engine | --leak]

--no-engine: the engine is not where it should be; --leak: the program forgets an object, and the search
must find it. Skips (77) when MODEL is the built-in one and its weights are not in the tree. Environment:
ZT_SOURCE and ZT_BUILD, set by meson."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

model, *special = sys.argv[2:]
program = os.path.abspath(sys.argv[1])
source, build = os.environ["ZT_SOURCE"], os.environ["ZT_BUILD"]
weights = pathlib.Path(source, "models", model)
if model != "testcard" and not list(weights.glob("*.safetensors")):
    print(f"skipped: no weights in {weights}")
    sys.exit(77)

with tempfile.TemporaryDirectory(prefix="gst-", dir=build) as folder:
    trace = os.path.join(folder, "trace.txt")
    environment = dict(
        os.environ, GST_REGISTRY=os.path.join(build, "gst-test-registry.bin"), GST_PLUGIN_PATH=os.path.join(build, "plugins/gstreamer"),
        ZOETROPE_ENGINE=os.path.join(build, "engine/libzoetrope.so.0"),
        ZOETROPE_MODEL_PATH=os.path.join(source, "models"), ZT_TEST_MODEL=model, CK_FORK="no", G_DEBUG="fatal_criticals",
        GST_TRACERS="leaks", GST_DEBUG="GST_TRACER:7", GST_DEBUG_FILE=trace, GST_DEBUG_NO_COLOR="1")
    if special[:1] == ["--preload"]:
        environment["LD_PRELOAD"] = os.path.abspath(special[1])
    elif special == ["--no-engine"]:
        environment.update(ZT_TEST_NO_ENGINE="1", ZOETROPE_ENGINE=os.path.join(folder, "libzoetrope.so.0"))
    elif special == ["--leak"]:
        environment["ZT_TEST_LEAK"] = "1"
    status = subprocess.run([program], env=environment, cwd=folder, stdin=subprocess.DEVNULL).returncode
    text = pathlib.Path(trace).read_text(errors="replace") if os.path.exists(trace) else ""

if "object-alive" not in text:
    if status:  # failed cases end without it
        sys.exit(status if status > 0 else 128 - status)
    sys.exit("leaks: expected the tracer's report, got none")
left = re.findall(r"object-alive, type-name=\(string\)(\w+)", text)
if special == ["--leak"]:
    sys.exit(0 if "GstT2vSrc" in left else "leaks: expected the forgotten GstT2vSrc, got none")
if left:
    print("leaks: expected no object, got", ", ".join(sorted(left)))
sys.exit(1 if left else status if status >= 0 else 128 - status)
