# SPDX-License-Identifier: LGPL-2.1-or-later
"""A timeline as an application of GStreamer Editing Services, Pitivi for one, builds, saves, loads and renders it.

    ges_timeline.py build LINK PROJECT.xges WIDTHxHEIGHT    cuts, a transition and an effect; see ges_test.py
    ges_timeline.py render PROJECT.xges OUT.mkv             loads it and renders it as raw video and, if it has any, raw sound

Run with the distribution's Python (python3-gi, gir1.2-ges-1.0)."""
import sys

import gi

for module in ("Gst", "GES", "GstPbutils"):
    gi.require_version(module, "1.0")
from gi.repository import GES, GLib, Gst, GstPbutils  # noqa: E402 (versions come first)

RATE = 25
LIMIT = 200 * Gst.SECOND
# Frames of the timeline: where a clip begins, from which frame of its own, how long. The third and the fourth overlap.
CLIPS = [(0, 40, 25), (25, 0, 25), (50, 70, 50), (75, 10, 50), (125, 0, 25)]


def time(frames):
    return frames * Gst.SECOND // RATE


def build(link, project, size):
    timeline = GES.Timeline.new_audio_video()
    width, height = size.split("x")
    for track in timeline.get_tracks():
        video = track.props.track_type == GES.TrackType.VIDEO
        # Sound at the rate that it has: GStreamer's resampler swallows a sample at the beginning of each clip.
        track.set_restriction_caps(Gst.Caps.from_string(
            f"video/x-raw,width={width},height={height},framerate={RATE}/1,pixel-aspect-ratio=1/1" if video
            else "audio/x-raw,rate=32000,channels=2"))
    timeline.set_auto_transition(True)
    layer = timeline.append_layer()
    asset = GES.UriClipAsset.request_sync(link)
    for start, first, frames in CLIPS:
        clip = layer.add_asset(asset, time(start), time(first), time(frames), GES.TrackType.UNKNOWN)
    if not clip.add(GES.Effect.new("videobalance saturation=0.0")):
        sys.exit("effect: expected to be added to the last clip")
    timeline.commit_sync()
    if "TransitionClip" not in [type(clip).__name__ for clip in layer.get_clips()]:
        sys.exit("transition: expected one where two clips overlap, got none")
    timeline.save_to_uri(Gst.filename_to_uri(project), None, True)


def load(path):
    project = GES.Project.new(Gst.filename_to_uri(path))
    loop, failures = GLib.MainLoop(), []
    timeline = project.extract()
    project.connect("loaded", lambda *_: loop.quit())
    project.connect("error-loading-asset", lambda _, error, *__: (failures.append(error.message), loop.quit()))
    loop.run()
    if failures:
        sys.exit("project: " + failures[0])
    return timeline


def render(path, out):
    pipeline = GES.Pipeline()
    pipeline.set_timeline(load(path))
    profile = GstPbutils.EncodingContainerProfile.new("raw", None, Gst.Caps.from_string("video/x-matroska"), None)
    profile.add_profile(GstPbutils.EncodingVideoProfile.new(Gst.Caps.from_string("video/x-raw,format=I420"), None, None, 0))
    profile.add_profile(GstPbutils.EncodingAudioProfile.new(Gst.Caps.from_string("audio/x-raw,format=S16LE"), None, None, 0))
    pipeline.set_render_settings(Gst.filename_to_uri(out), profile)
    pipeline.set_mode(GES.PipelineFlags.RENDER)
    pipeline.set_state(Gst.State.PLAYING)
    end = pipeline.get_bus().timed_pop_filtered(LIMIT, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if end is None:
        sys.exit("rendering: expected an end, got none")
    if end.type == Gst.MessageType.ERROR:
        sys.exit(f"rendering: {end.parse_error()}")


if __name__ == "__main__":
    Gst.init(None)
    GES.init()
    {"build": build, "render": render}[sys.argv[1]](*sys.argv[2:])
