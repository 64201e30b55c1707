"""Puts layers together to images in one docker-archive. usage: archive.py LAYERS OUT MAJOR..."""
import hashlib
import io
import json
import os
import sys
import tarfile

LAYERS, OUT, *MAJORS = sys.argv[1:]
HUB = "docker.io/library/"


# Those that have only a server of their own.
WITHOUT_CLIENTS = ("11", "12", "13")


def postgres(major):
    clients = "/usr/lib/postgresql/15/bin:" if major in WITHOUT_CLIENTS else ""
    path = f"/usr/local/bin:/usr/lib/postgresql/{major}/bin:{clients}/usr/sbin:/usr/bin:/sbin:/bin"
    # The stock image has its data in a folder of the version from 18 on.
    mount = "/var/lib/postgresql" if int(major) >= 18 else "/var/lib/postgresql/data"
    data = f"{mount}/{major}/docker" if int(major) >= 18 else mount
    return {
        "tag": f"{HUB}postgres:{major}",
        "layers": ["base", "entrypoint"] + ([] if major == "15" else [f"pg{major}"]),
        "config": {
            "Env": [f"PATH={path}", f"PG_MAJOR={major}", f"PGDATA={data}", "LANG=C.UTF-8"],
            "Entrypoint": ["docker-entrypoint.sh"],
            "Cmd": ["postgres"],
            "Volumes": {mount: {}},
        },
    }


IMAGES = [
    {"tag": "local/pause:1", "layers": ["pause"], "config": {"Env": ["PATH=/"], "Entrypoint": ["/pause"]}},
    {"tag": f"{HUB}busybox:1.36", "layers": ["busybox"], "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]}},
    *map(postgres, MAJORS),
]


def main():
    digests = {}
    for image in IMAGES:
        for layer in image["layers"]:
            if layer not in digests:
                with open(f"{LAYERS}/{layer}.tar", "rb") as file:
                    digests[layer] = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = []
    with tarfile.open(OUT + ".part", "w") as out:

        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))

        for image in IMAGES:
            config = {
                "architecture": "amd64",
                "os": "linux",
                "config": {"WorkingDir": "/", **image["config"]},
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digests[layer] for layer in image["layers"]]},
                "history": [{"created_by": layer} for layer in image["layers"]],
            }
            data = json.dumps(config).encode()
            name = hashlib.sha256(data).hexdigest() + ".json"
            add(name, data)
            layers = [digests[layer] + ".tar" for layer in image["layers"]]
            manifest.append({"Config": name, "RepoTags": [image["tag"]], "Layers": layers})
        for layer, digest in digests.items():
            out.add(f"{LAYERS}/{layer}.tar", arcname=digest + ".tar")
        add("manifest.json", json.dumps(manifest).encode())
    os.rename(OUT + ".part", OUT)


main()
