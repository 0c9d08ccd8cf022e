#!/usr/bin/python3
"""An RTSP server for demonstrations and tests: made-up town cameras and clips in a loop.

    serve.py --port 8554 --town 24 --clip ./car-detection.mp4=car-detection

`--town N` serves /cam-001 to /cam-N, the addresses that the town's cameras are registered with. `--clip PATH=NAME` serves
an H.264 MP4 at /NAME without encoding it again, from its beginning when it ends. Each camera is read once, however many
watch it, and only while somebody does. The line `ready rtsp://HOST:PORT/` on standard output says that it serves.
"""

import argparse
import pathlib
import re
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

# Cameras and clips that one process serves at most.
STREAMS_MAX = 256
# Of a town camera. A picture of this size and rate costs some 1.5 % of a core.
WIDTH, HEIGHT, FRAMES_PER_S = 320, 180, 5
# A watcher that comes in waits for the next key frame: two seconds at most.
FRAMES_PER_KEY = 10
BITRATE_KBIT_S = 120
# Sessions of watchers that went without a word end after this, in seconds.
SESSION_TIMEOUT_S = 60
# What moves, and on what ground (0xAARRGGBB): dark and quiet beside the colours that mean something on a wall. They cost
# little to draw and less to encode; the clock shows that a picture is alive.
PATTERNS = ["ball motion=wavy", "gradient", "spokes", "ball motion=hsweep"]
GROUNDS = [0xFF1B2A38, 0xFF22332B, 0xFF352B22, 0xFF2B2438, 0xFF1F3136, 0xFF33262C]
FIGURES = [0xFF7F97AD, 0xFF86A58F, 0xFFB39A7C]
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def town_launch(number):
    """The pipeline of one town camera."""
    # Neighbours differ in more than their name.
    pattern = PATTERNS[number % len(PATTERNS)]
    ground = GROUNDS[number % len(GROUNDS)]
    figure = FIGURES[number // 2 % len(FIGURES)]
    return (
        f"( videotestsrc is-live=true pattern={pattern} animation-mode=wall-time "
        f"background-color={ground} foreground-color={figure} "
        f"! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAMES_PER_S}/1 "
        f'! textoverlay text="CAM {number:03d}" valignment=top halignment=left xpad=8 ypad=6 font-desc="Sans Bold 14" '
        f'! clockoverlay time-format="%d/%m/%Y %H:%M:%S" valignment=bottom halignment=right xpad=8 ypad=6 '
        f'font-desc="Sans 11" '
        f"! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={FRAMES_PER_KEY} "
        f"bitrate={BITRATE_KBIT_S} option-string=repeat-headers=1 "
        "! video/x-h264,profile=baseline ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )


class TownFactory(GstRtspServer.RTSPMediaFactory):
    """One encoder for all who watch this camera."""

    def __init__(self, number):
        super().__init__()
        self.set_launch(town_launch(number))
        self.set_shared(True)


class ClipFactory(GstRtspServer.RTSPMediaFactory):
    """A clip in a loop: a source of a pipeline of its own, whose time goes on when the clip begins again."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.set_shared(True)
        self.set_launch(
            "( appsrc name=src is-live=true format=time do-timestamp=false block=true max-bytes=2000000 "
            "! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        )
        self.connect("media-configure", self.on_configure)

    def on_configure(self, _factory, media):
        """Begins to read the clip for a new round of watchers."""
        source = media.get_element().get_by_name_recurse_up("src")
        reader = ClipReader(self.path, source)
        media.connect("unprepared", lambda _media: reader.stop())
        reader.start()


class ClipReader:
    """Reads a clip without decoding it and gives its pictures to `source` at their pace, again and again."""

    def __init__(self, path, source):
        self.source = source
        self.offset = 0
        self.end = 0
        self.begins = None
        self.is_stopped = False
        self.pipeline = Gst.parse_launch(
            "filesrc name=file ! qtdemux ! h264parse config-interval=-1 "
            "! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=sink sync=true max-buffers=4"
        )
        self.pipeline.get_by_name("file").set_property("location", str(path))
        self.sink = self.pipeline.get_by_name("sink")
        self.sink.set_property("emit-signals", True)
        self.sink.connect("new-sample", self.on_sample)
        self.bus = self.pipeline.get_bus()
        self.bus.add_signal_watch()
        self.bus.connect("message::eos", self.on_end)
        self.bus.connect("message::error", self.on_error)

    def start(self):
        self.pipeline.set_state(Gst.State.PLAYING)

    def stop(self):
        """Nobody watches any more."""
        if not self.is_stopped:
            self.is_stopped = True
            self.bus.remove_signal_watch()
            # Not from a thread of the pipeline itself, which would wait for its own end.
            GLib.idle_add(lambda: self.pipeline.set_state(Gst.State.NULL) and False)

    def on_sample(self, sink):
        sample = sink.emit("pull-sample")
        if self.is_stopped or sample is None:
            return Gst.FlowReturn.EOS
        buffer = sample.get_buffer().copy()
        clock_time = self.source.get_current_running_time()
        if self.begins is None:
            if clock_time == Gst.CLOCK_TIME_NONE:
                return Gst.FlowReturn.OK
            self.begins = clock_time - buffer.dts
            self.source.set_property("caps", sample.get_caps())
        shift = self.begins + self.offset
        duration = buffer.duration if buffer.duration != Gst.CLOCK_TIME_NONE else Gst.SECOND // 25
        self.end = max(self.end, buffer.pts + duration)
        buffer.pts += shift
        buffer.dts += shift
        self.source.emit("push-buffer", buffer)
        return Gst.FlowReturn.OK

    def on_end(self, _bus, _message):
        """From the beginning; the time of what follows goes on where it was."""
        self.offset += self.end
        self.end = 0
        self.pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT, 0)

    def on_error(self, _bus, message):
        error, _detail = message.parse_error()
        print(f"clip stopped: {error.message}", file=sys.stderr, flush=True)
        self.stop()


def clip(text):
    """Reads `PATH=NAME`."""
    path, _, name = text.rpartition("=")
    if not NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{text}: give PATH=NAME, with a name of a-z A-Z 0-9 - _ .")
    if not pathlib.Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{path}: no such file")
    return pathlib.Path(path), name


def streams(text):
    """Reads a number of cameras."""
    count = int(text)
    if not 0 <= count <= STREAMS_MAX:
        raise argparse.ArgumentTypeError(f"{text}: give 0 to {STREAMS_MAX}")
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8554, help="0: any that is free")
    parser.add_argument("--town", type=streams, default=0, metavar="N", help="made-up cameras at /cam-001 to /cam-N")
    parser.add_argument("--clip", type=clip, action="append", default=[], metavar="PATH=NAME", help="an H.264 MP4 at /NAME")
    options = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address(options.host)
    server.set_service(str(options.port))
    mounts = server.get_mount_points()
    for number in range(1, options.town + 1):
        mounts.add_factory(f"/cam-{number:03d}", TownFactory(number))
    for path, name in options.clip:
        mounts.add_factory(f"/{name}", ClipFactory(path))
    loop = GLib.MainLoop()
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on {options.host}:{options.port}; give another --port")
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)

    def clean():
        server.get_session_pool().cleanup()
        return True

    GLib.timeout_add_seconds(SESSION_TIMEOUT_S, clean)
    print(f"ready rtsp://{options.host}:{server.get_bound_port()}/", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
