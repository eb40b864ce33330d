# SPDX-License-Identifier: LGPL-2.1-or-later
"""The MLT producer in stock melt: any frame in any order to the byte, one generation for all cuts, length, rate,
colour, sound, projects saved and reloaded, faults that are seen and told, and an end at once."""
import os
import random
import signal
import struct
import subprocess
import time
import unittest

from ffmpeg_common import BUILD, FFMPEG, ZT_ENV, probe, run, slack
from mlt_common import EditorTest, RAW, prepare_melt, producer, profile, project

SEED = int(os.environ.get("ZT_TEST_SEED", "7"))


class Seeks(EditorTest):
    LENGTH = 200

    def numbers(self):
        source = random.Random(SEED)
        return [source.randrange(self.LENGTH) for _ in range(100)]

    def check(self, *arguments, **environment):
        numbers = self.numbers()
        path = self.write("seeks.mlt", project(producer(frames=self.LENGTH), [(n, n) for n in numbers]))
        got, log = self.render(path, consumer=RAW + list(arguments), env={**os.environ, **environment})
        wanted = self.reference(f"frames={self.LENGTH}")
        self.assertEqual(len(wanted), self.LENGTH)
        self.assertEqual([n for n, frame in zip(numbers, got) if frame != wanted[n]], [], f"seed {SEED}")
        self.assertEqual(len(got), 100)
        return log

    def test_hundred_random_frames_are_right_to_the_byte(self):
        self.assertEqual(self.generations(self.check()), ["0"])

    def test_and_from_three_threads(self):
        self.assertEqual(self.generations(self.check("real_time=-3")), ["0"])

    def test_and_with_hardly_any_memory_for_frames(self):
        log = self.check(ZOETROPE_CLIP_MEMORY="1M")
        self.assertGreater(len(self.generations(log)), 10)

    def test_backwards(self):
        numbers = list(range(30, 0, -1))
        got, _ = self.render(self.write("back.mlt", project(producer(frames=40), [(n, n) for n in numbers])))
        wanted = self.reference("frames=40")
        self.same(got, [wanted[n] for n in numbers])


class Cutout(EditorTest):
    """A subject without its backdrop over another track."""
    OPTIONS = "model=testcard:prompt='a red fox':rate=25:frames=10:cutout=1"

    def wanted(self):
        out, err, status = run(FFMPEG + ["-filter_complex", f"t2vsrc={self.OPTIONS},format=rgba", "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        return out

    def test_the_picture_is_rgba_to_the_byte(self):
        path = self.write("cut.mlt", project(producer(frames=10, cutout=1), [(0, 9)]))
        log, status = self.melt(path, "-consumer", "avformat:" + self.path("out.nut"), "vcodec=rawvideo", "mlt_image_format=rgba", "pix_fmt=rgba", "an=1")
        self.assertEqual(status, 0, log)
        self.assertTrue(self.decode(self.path("out.nut"), "rgba") == self.wanted())

    def test_over_another_track(self):
        clips = producer(frames=10, cutout=1) + producer("ground", "color", resource="#ff808080", length=10, out=9)
        tracks = ('<playlist id="below"><entry producer="ground" in="0" out="9"/></playlist><playlist id="above"><entry producer="clip" in="0" out="9"/>'
                  '</playlist><tractor id="both" in="0" out="9"><track producer="below"/><track producer="above"/><transition in="0" out="9">'
                  '<property name="mlt_service">composite</property><property name="a_track">0</property><property name="b_track">1</property>'
                  '<property name="geometry">0/0:100%x100%</property><property name="progressive">1</property></transition></tractor>')
        path = self.write("over.mlt", f'<mlt LC_NUMERIC="C" producer="both">{profile()}{clips}{tracks}</mlt>')
        log, status = self.melt(path, "-consumer", "avformat:" + self.path("out.nut"), *RAW)
        self.assertEqual(status, 0, log)
        shown, err, status = run(["ffmpeg", "-v", "error", "-i", self.path("out.nut"), "-vf", "scale=in_color_matrix=bt709,format=rgb24", "-f", "rawvideo", "-"],
                                 text=False)
        self.assertEqual(status, 0, err)
        cut = self.wanted()
        self.assertEqual(len(shown) // 3, len(cut) // 4)
        # Most of it: 4:2:2 mixes the colours of neighbours, and MLT counts in few bits.
        off = [abs(shown[3 * i + k] - (cut[4 * i + k] * cut[4 * i + 3] + 128 * (255 - cut[4 * i + 3])) / 255)
               for i in range(0, len(cut) // 4, 7) for k in range(3)]
        self.assertLess(sorted(off)[len(off) * 9 // 10], 8)

    def test_a_model_that_cannot_is_a_card(self):
        path = self.write("no.mlt", project(producer(frames=10, cutout=1, engine_opts="cutout=0"), [(0, 9)]))
        log, status = self.melt(path, "-consumer", "avformat:" + self.path("out.nut"), *RAW)
        self.assertIn("cutout: expected 0 (this model has no subject apart from its backdrop), got 1", log)
        self.assertEqual(status, 1)


class Cuts(EditorTest):
    def test_three_cuts_of_one_clip_show_their_frames_from_one_generation(self):
        cuts = [(0, 9), (60, 69), (30, 39)]
        got, log = self.render(self.write("cuts.mlt", project(producer(frames=100), cuts)))
        wanted = self.reference("frames=100")
        self.same(got, [wanted[n] for first, last in cuts for n in range(first, last + 1)])
        self.assertEqual(self.generations(log), ["0"])

    def test_two_producers_of_one_clip_share_it(self):
        clips = producer("a", frames=30) + producer("b", frames=30)
        got, log = self.render(self.write("two.mlt", project(clips, [("a", 0, 29), ("b", 0, 29)])))
        self.same(got[:30], got[30:])
        self.assertEqual(self.generations(log), ["0"])

    def test_a_random_seed_is_one_clip_in_one_project(self):
        clips = producer("a", frames=10, seed=-1) + producer("b", frames=10, seed=-1)
        got, _ = self.render(self.write("two.mlt", project(clips, [("a", 0, 9), ("b", 0, 9)])))
        self.same(got[:10], got[10:])

    def test_rendering_twice_is_identical(self):
        path = self.write("cuts.mlt", project(producer(frames=50), [(20, 39), (0, 9)]))
        self.same(self.render(path)[0], self.render(path)[0])


class Speed(EditorTest):
    """MLT's timewarp, which editors use for faster, slower and backwards."""
    LINK = "t2v:///a%20red%20fox;model=testcard;rate=25;frames=100"

    def check(self, speed, numbers, service="t2v"):
        clip = f"timewarp:{speed}:" + (self.LINK if service == "t2v" else "zoetrope:" + self.LINK)
        wanted = [self.reference("frames=100")[n] for n in numbers]
        end = f"out={len(numbers) - 1}"
        self.same(self.render(clip, end)[0], wanted, speed)
        log, status = self.melt(clip, end, "-consumer", "xml:" + self.path("warp.mlt"))
        self.assertEqual(status, 0, log)
        # Loaded again MLT has put the folder in front of the link.
        self.same(self.render(self.path("warp.mlt"))[0], wanted, f"{speed}, saved")

    def test_twice_as_fast(self):
        self.check("2.0", range(0, 80, 2))

    def test_half_as_fast(self):
        self.check("0.5", [n // 2 for n in range(60)], service="zoetrope")

    def test_backwards(self):
        self.check("-1.0", range(29, -1, -1))     # from its end on


class CommandLine(EditorTest):
    def test_a_prompt_and_an_end(self):
        got, _ = self.render("zoetrope:a red fox", "model=testcard", "out=9")
        self.same(got, self.reference("frames=240")[:10])

    def test_a_link(self):
        got, _ = self.render("t2v:///a%20red%20fox;model=testcard;frames=20")
        self.same(got, self.reference("frames=20"))
        got, _ = self.render("zoetrope:t2v:///a%20red%20fox;frames=30", "model=testcard", "frames=20")
        self.same(got, self.reference("frames=20"))

    def test_its_description_lists_the_options(self):
        out, _, status = run(ZT_ENV + ["melt", "-query", "producer=zoetrope"])
        self.assertEqual(status, 0)
        for word in ("identifier: prompt", "identifier: storyboard", "identifier: sound", "default: yuv422", "argument: yes"):
            self.assertIn(word, out)
        self.assertNotIn("identifier: strength", out)      # no picture goes in

    def test_the_engine_is_not_mapped_to_list_services(self):
        out, err, status = run(ZT_ENV + ["env", "LD_DEBUG=files", "melt", "-query", "producers"])
        self.assertEqual(status, 0)
        self.assertIn("- zoetrope", out)
        self.assertIn("libmltzoetrope", err)
        self.assertNotIn("libzoetrope.so", err)


class Length(EditorTest):
    def count(self, *arguments):
        return len(self.render("zoetrope:a red fox", "model=testcard", *arguments)[0])

    def test_the_models_own(self):
        self.assertEqual(self.count("rate=25"), len(self.reference("frames=0")))

    def test_as_given(self):
        self.assertEqual(self.count("frames=33"), 33)
        self.assertEqual(self.count("duration=1.2"), 30)

    def test_a_later_end_makes_a_longer_clip(self):
        own = len(self.reference("frames=0"))
        got, _ = self.render("zoetrope:a red fox", "model=testcard", f"out={own + 9}")
        self.assertEqual(len(got), own + 10)
        self.same(got, self.reference(f"frames={own + 10}"))

    def test_but_never_longer_than_given(self):
        self.assertEqual(self.count("frames=20", "out=99"), 20)

    def test_a_trimmed_clip_shows_the_same_frames(self):
        got, _ = self.render("zoetrope:a red fox", "model=testcard", "in=5", "out=14")
        self.same(got, self.reference("frames=0")[5:15])


class Rate(EditorTest):
    def test_the_profiles_where_the_model_has_it(self):
        shape = profile((30000, 1001))
        got, _ = self.render(self.write("ntsc.mlt", project(producer(frames=20), [(0, 19)], shape)))
        self.same(got, self.reference("frames=20", "30000/1001"))
        self.assertEqual(probe(self.path("out.nut"), "r_frame_rate")["r_frame_rate"], "30000/1001")

    def other(self, rate, made):
        got, log = self.render(self.write("slow.mlt", project(producer(frames=48), [(0, 19)], profile(rate))))
        self.assertIn(f"the clip has {made}/1 frames per second, the profile {rate[0]}/{rate[1]}", log)
        wanted = self.reference("frames=48", str(made))
        self.same(got, [wanted[min(n * made * rate[1] // rate[0], 47)] for n in range(20)])

    def test_else_a_multiple_of_it_and_says_so(self):
        self.other((15, 1), 30)
        self.other((25, 2), 25)

    def test_else_the_nearest_and_says_so(self):
        self.other((26, 1), 25)
        self.other((120, 1), 60)

    def test_a_chain_and_a_length_without_end(self):
        wanted = self.reference("frames=0")
        chain = producer(length=2147483647).replace("<producer", '<chain in="5" out="20"').replace("</producer", "</chain")
        got, _ = self.render(self.write("chain.mlt", project(chain, [(5, 20)])))
        # MLT counts an entry's frames from the chain's own first one, and holds its last: so does a file through `avformat`.
        self.same(got, [wanted[min(n, 20)] for n in range(10, 26)])


class Colour(EditorTest):
    def test_chroma_of_420_is_the_models_own(self):
        """MLT spreads it to 4:2:2 as libswscale does. Its own consumer format yuv420p is not looked at: MLT 7.12
        loses the third plane of it, of files as of ours."""
        self.render(self.write("c.mlt", project(producer(frames=3, mlt_image_format="yuv420p"), [(0, 2)])))
        made = self.decode(self.path("out.nut"))
        out, err, _ = run(FFMPEG + ["-filter_complex", "t2vsrc=model=testcard:prompt='a red fox':rate=25:frames=3,format=yuv420p,scale=flags=bilinear",
                                    "-pix_fmt", "yuyv422", "-f", "rawvideo", "-"], text=False)
        self.assertEqual(len(made), len(out), err)
        self.assertTrue(made[::2] == out[::2])
        errors = [abs(a - b) for a, b in zip(made[1::2], out[1::2])]
        self.assertLess(sum(errors) / len(errors), 1)

    def rgb(self, path, *filters):
        out, err, status = run(["ffmpeg", "-v", "error", "-i", path, "-vf", ",".join([*filters, "scale=32:18:flags=area", "format=rgb24"]),
                                "-frames:v", "1", "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        return out

    def test_a_profile_of_another_matrix_and_a_full_range_keep_the_colours(self):
        self.render(self.write("c.mlt", project(producer(frames=3), [(0, 2)])))
        wanted = self.rgb(self.path("out.nut"), "setparams=colorspace=bt709:range=tv")
        for shape, consumer, tags in ((profile(colorspace=601), RAW, "colorspace=smpte170m:range=tv"),
                                      (profile(), RAW + ["color_range=pc"], "colorspace=bt709:range=pc")):
            self.render(self.write("d.mlt", project(producer(frames=3), [(0, 2)], shape)), consumer=consumer)
            got = self.rgb(self.path("out.nut"), "setparams=" + tags)
            worst = max(abs(a - b) for a, b in zip(got, wanted))
            self.assertLess(worst, 18, tags)
            # the control: read as the other, it is far off
            wrong = self.rgb(self.path("out.nut"), "setparams=colorspace=bt709:range=tv")
            self.assertGreater(max(abs(a - b) for a, b in zip(wrong, wanted)), 18)


class Sound(EditorTest):
    def test_it_is_that_of_the_frames_shown(self):
        cuts = [(0, 24), (75, 99), (25, 49)]
        path = self.write("s.mlt", project(producer(frames=100, sound=1), cuts))
        log, status = self.melt(path, "-consumer", "avformat:" + self.path("s.mkv"), "vcodec=mpeg4", "acodec=pcm_f32le",
                                "ar=32000", "channels=2", "frequency=32000")
        self.assertEqual(status, 0, log)
        out, _, _ = run(["ffmpeg", "-v", "error", "-i", self.path("s.mkv"), "-f", "f32le", "-"], text=False)
        whole, err, _ = run(FFMPEG + ["-filter_complex", "t2vsrc=model=testcard:prompt='a red fox':rate=25:frames=100:sound=1[v][a];[v]nullsink",
                                      "-map", "[a]", "-ar", "32000", "-f", "f32le", "-"], text=False)
        frame = 32000 // 25 * 2 * 4
        self.assertEqual(len(whole), 100 * frame, err)
        wanted = b"".join(whole[first * frame:(last + 1) * frame] for first, last in cuts)
        self.assertEqual(len(out), len(wanted))
        # MLT's consumer carries 16 bits.
        worst = max(abs(a - b) for a, b in zip(struct.unpack(f"{len(out) // 4}f", out), struct.unpack(f"{len(out) // 4}f", wanted)))
        self.assertLess(worst, 1 / 8192)
        self.assertGreater(max(struct.unpack(f"{len(out) // 4}f", wanted)), 0.1)
        self.assertEqual(self.generations(log), ["0"])

    def test_a_mute_model_is_told(self):
        _, log = self.render("zoetrope:x", "model=testcard", "sound=1", "engine_opts=sample_rate=0", status=1)
        self.assertIn("sound: expected", log)


class Projects(EditorTest):
    def test_saved_and_reloaded_elsewhere(self):
        saved = self.path("saved.mlt")
        log, status = self.melt("zoetrope:a red fox: \"9:16\", 50% <snow>", "model=testcard", "frames=30", "in=3", "out=22", "-consumer", "xml:" + saved)
        self.assertEqual(status, 0, log)
        direct, _ = self.render("zoetrope:a red fox: \"9:16\", 50% <snow>", "model=testcard", "frames=30", "in=3", "out=22")
        self.assertEqual(len(direct), 20)
        os.mkdir(self.path("other"))
        for number in range(2):        # and what was reloaded can be saved again
            path = os.path.join(self.path("other"), f"{number}.mlt")
            os.rename(saved, path)
            self.same(self.render(path)[0], direct)
            self.melt(path, "-consumer", "xml:" + saved)


class Faults(EditorTest):
    def check_card(self, log, frames, sentence):
        self.assertIn(sentence, log)
        self.assertEqual(log.count(sentence), 1, log)
        self.assertGreater(len(frames), 0)
        self.assertLessEqual(len(frames), 5 * 25)
        self.assertEqual(len(set(frames)), 1)
        self.assertGreater(len(set(frames[0][::2])), 2)     # letters on a ground

    def test_wrong_options_give_a_card_an_end_and_a_status(self):
        for options, sentence in ((["prompt=x", "steps=99999"], 'steps: expected 0 to 1000 (a whole number), got "99999"'),
                                  ([], "prompt: expected one of prompt, prompt_file, storyboard, got none"),
                                  (["prompt=x", "model=nosuch"], "nosuch"),
                                  (["prompt=x", "frames=-1"], "frames: expected a length, got -1"),
                                  (["prompt=x", "cache=on"], "cache: "),
                                  (["t2v"], "t2v: expected an option that a link may set")):
            first = "t2v:///x;device=cpu" if options == ["t2v"] else "zoetrope:"
            with self.subTest(options=options):
                more = ["model=testcard"] + options if "t2v" not in options else []
                frames, log = self.render("-profile", "atsc_720p_25", first, *more,
                                          consumer=RAW + ["s=256x144"], status=1)
                self.check_card(log, frames, sentence)

    def test_a_generation_that_fails_keeps_what_was_right(self):
        got, log = self.render("zoetrope:a red fox", "model=testcard", "frames=50", "engine_opts=nan_frame=30", status=1)
        wanted = self.reference("frames=50")
        right = next(n for n, frame in enumerate(got) if frame != wanted[n])
        self.assertGreaterEqual(right, 16)
        self.assertLessEqual(right, 30)
        self.assertEqual(len(got), 50)
        self.assertIn("frame", log)

    def test_without_the_engine(self):
        log, status = self.melt("zoetrope:x", "-consumer", "avformat:" + self.path("x.nut"), *RAW,
                                env={**os.environ, "ZT_BUILD": BUILD, "LD_BIND_NOW": "1"})
        self.assertEqual(status, 0, log)
        done = subprocess.run(ZT_ENV + ["env", "ZOETROPE_ENGINE=/nowhere/libzoetrope.so.0", "melt", "-silent", "zoetrope:x", "-consumer",
                                        "avformat:" + self.path("x.nut"), *RAW], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"engine: expected to load /nowhere", done.stderr)


class Stop(EditorTest):
    def interrupt(self, *arguments):
        process = subprocess.Popen(ZT_ENV + ["melt", "-silent", "-verbose", "-profile", "atsc_720p_25", "zoetrope:x", "model=testcard", "frames=500",
                                             "engine_opts=delay_ms=60000", *arguments, "-consumer", "avformat:" + self.path("x.mkv"),
                                             "vcodec=mpeg4", "acodec=pcm_s16le"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            for line in process.stderr:
                if b"generates" in line:
                    break
            time.sleep(0.5)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.stderr.read()
            process.wait(timeout=30)
            self.assertLess(time.monotonic() - began, 2 * slack())
            self.assertEqual(process.returncode, 0)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stderr.close()

    def test_while_a_picture_is_waited_for(self):
        self.interrupt()

    def test_while_sound_is_waited_for(self):
        self.interrupt("sound=1")


class Kdenlive(EditorTest):
    def test_a_project_as_kdenlive_2212_writes_it(self):
        """One clip of the bin, cut three times over two tracks, in Kdenlive's own structure."""
        cuts = [(0, 9), (60, 69), (30, 39)]
        entry = "".join(f'<entry producer="producer1" in="{a}" out="{b}"><property name="kdenlive:id">2</property></entry>' for a, b in cuts)
        clip = ('<property name="length">100</property><property name="eof">pause</property><property name="resource">t2v:///a%20red%20fox</property>'
                '<property name="mlt_service">zoetrope</property><property name="model">testcard</property><property name="frames">100</property>'
                '<property name="kdenlive:clipname">fox</property><property name="kdenlive:folderid">-1</property>'
                '<property name="kdenlive:id">2</property><property name="kdenlive:duration">00:00:04:00</property>')
        text = f'''<?xml version='1.0' encoding='utf-8'?>
<mlt LC_NUMERIC="C" producer="main_bin" root="{self.folder}" version="7.12.0">
 {profile()}
 <producer id="producer0" in="0" out="99">{clip}</producer>
 <playlist id="main_bin">
  <property name="kdenlive:docproperties.kdenliveversion">22.12.3</property>
  <property name="kdenlive:docproperties.version">1.04</property>
  <property name="xml_retain">1</property>
  <entry producer="producer0" in="0" out="99"/>
 </playlist>
 <producer id="black_track" in="0" out="29"><property name="length">2147483647</property><property name="eof">continue</property>
  <property name="resource">black</property><property name="mlt_service">color</property><property name="mlt_image_format">rgba</property></producer>
 <playlist id="playlist0"><property name="kdenlive:audio_track">1</property></playlist>
 <playlist id="playlist1"><property name="kdenlive:audio_track">1</property></playlist>
 <tractor id="tractor0" in="0"><property name="kdenlive:audio_track">1</property><track hide="video" producer="playlist0"/><track hide="video" producer="playlist1"/></tractor>
 <producer id="producer1" in="0" out="99">{clip}</producer>
 <playlist id="playlist2">{entry}</playlist>
 <playlist id="playlist3"/>
 <tractor id="tractor1" in="0" out="29"><track hide="audio" producer="playlist2"/><track hide="audio" producer="playlist3"/></tractor>
 <tractor id="tractor2" global_feed="1" in="0" out="29">
  <track producer="black_track"/><track producer="tractor0"/><track producer="tractor1"/>
  <transition><property name="a_track">0</property><property name="b_track">1</property><property name="mlt_service">mix</property>
   <property name="always_active">1</property><property name="sum">1</property><property name="internal_added">237</property></transition>
  <transition><property name="a_track">0</property><property name="b_track">2</property><property name="mlt_service">frei0r.cairoblend</property>
   <property name="always_active">1</property><property name="internal_added">237</property></transition>
 </tractor>
</mlt>'''
        got, log = self.render(self.write("fox.kdenlive", text))
        wanted = self.reference("frames=100")
        self.assertEqual(len(got), 30)
        self.assertEqual(self.generations(log), ["0"])
        # Kdenlive blends tracks in RGB, so not to the byte: each is nearer to its own frame than to any other's.
        sample = slice(0, None, 62)
        for place, number in enumerate(n for a, b in cuts for n in range(a, b + 1)):
            errors = [sum(abs(x - y) for x, y in zip(got[place][sample], frame[sample])) for frame in wanted]
            self.assertEqual(errors.index(min(errors)), number)


if __name__ == "__main__":
    prepare_melt()
    unittest.main(verbosity=2)
