#!/usr/bin/env bash
# wheels.sh DIR: are the wheels of DIR the same bytes when they are made again elsewhere, and does
# that of this platform work in a clean environment, without a network and without anything else?
# PYTHONS are the versions of Python to try, or their paths.
set -euo pipefail
wheels=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

mkdir "$elsewhere/tree"
git ls-files -z | tar c --null -T - | tar x -C "$elsewhere/tree"
git -C "$elsewhere/tree" init -q
git -C "$elsewhere/tree" add -A
(
	cd "$elsewhere/tree"
	make --no-print-directory wheels PLATFORM="${PLATFORM:-}" >/dev/null
)
for file in "$elsewhere"/tree/dist/wheels/*.whl "$elsewhere"/tree/dist/wheels/*.tar.gz; do
	cmp "$file" "$wheels/$(basename "$file")"
done
echo "wheels: the same bytes twice"

tried=0
for version in ${PYTHONS:-3.10 3.11 3.12 3.13 3.14}; do
	environment=$(mktemp -d "$elsewhere/python.XXXX")
	if ! "$UV" venv --quiet --no-python-downloads --python "$version" "$environment" 2>/dev/null; then
		echo "wheels: there is no Python $version: left out"
		continue
	fi
	# A cache may have an older wheel of the same version.
	"$UV" pip install --quiet --no-cache --offline --no-index --find-links "$wheels" --python "$environment" lossproof
	bin=$environment/bin
	test "$("$bin/lossproof" version)" = "$("$bin/python" -m lossproof version)"
	(cd "$elsewhere" && env -u LOSSPROOF_BINARY PATH=/usr/bin:/bin "$bin/python" -c 'import lossproof
assert lossproof.__version__')
	"$bin/python" -m lossproof smoke -- "$bin/lossproof" port >/dev/null
	tried=$((tried + 1))
	echo "wheels: Python $version: $("$bin/lossproof" version | head -1)"
done
if [ "$tried" -eq 0 ]; then
	echo "wheels: found none of the versions of Python" >&2
	exit 1
fi
