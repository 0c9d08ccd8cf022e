#!/usr/bin/python3
"""A real RTSP server for tests: GStreamer's, with a moving test picture in H.264.

usage: rtsp_server.py [USER PASSWORD]
Prints the port that it listens on, and serves rtsp://127.0.0.1:PORT/test until its standard input ends.
Exits with 77 when GStreamer's Python bindings or its H.264 encoder are not installed.
"""

import sys
import threading

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
except (ImportError, ValueError) as error:
    print(f"no GStreamer: {error}", file=sys.stderr)
    sys.exit(77)

Gst.init(None)
if not all(Gst.ElementFactory.find(name) for name in ("videotestsrc", "x264enc", "rtph264pay")):
    print("no H.264 encoder", file=sys.stderr)
    sys.exit(77)

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")

factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 "
    "! x264enc key-int-max=15 tune=zerolatency speed-preset=ultrafast bitrate=256 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
factory.set_shared(True)

if len(sys.argv) == 3:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth.add_digest(sys.argv[1], sys.argv[2], token)
    server.set_auth(auth)
    # Whoever holds the role may see and build the stream.
    structure = Gst.Structure.new_empty("viewer")
    structure.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, True)
    structure.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, True)
    factory.add_role_from_structure(structure)

server.get_mount_points().add_factory("/test", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)

loop = GLib.MainLoop()


def wait_for_end():
    sys.stdin.read()
    loop.quit()


threading.Thread(target=wait_for_end, daemon=True).start()
loop.run()
