"""As much of curl as our pages use, for machines without it: -s, -X, -H and -d, in any order, and an address."""

import argparse
import sys
import urllib.error
import urllib.request


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("-X")
    parser.add_argument("address")
    given = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in given.H)
    data = None if given.d is None else given.d.replace("\n", "").encode()
    request = urllib.request.Request(given.address, data, headers, method=given.X)  # noqa: S310  # loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            sys.stdout.buffer.write(answer.read())
    except urllib.error.HTTPError as error:
        sys.stdout.buffer.write(error.read())


if __name__ == "__main__":
    main()
