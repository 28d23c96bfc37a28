#!/usr/bin/env bash
# Installs the two system libraries that pip cannot bring, FluidSynth (sound) and Cairo (PDF), where they are missing and
# we may: as root, with a sudo that asks no password, or with brew. Otherwise says the one command to type, and goes on:
# the studio then plays with a simpler synthesizer and leaves PDF out.
# Further Debian package names may be given as arguments; they are installed too where apt-get is at hand.
set -uo pipefail

python=.venv/bin/python
[ -x "$python" ] || python=python3

has_library() {
    "$python" -c 'import ctypes.util, sys; sys.exit(not any(map(ctypes.util.find_library, sys.argv[1:])))' "$@" 2>/dev/null
}

fluidsynth=yes cairo=yes
has_library fluidsynth libfluidsynth-3 || fluidsynth=
has_library cairo cairo-2 libcairo-2 || cairo=

manager=
for tool in apt-get dnf brew; do
    command -v "$tool" >/dev/null && { manager=$tool; break; }
done

case "$manager" in
    apt-get) names=(libfluidsynth3 libcairo2) ;;
    dnf) names=(fluidsynth-libs cairo) ;;
    *) names=(fluid-synth cairo) ;;
esac
packages=()
[ -n "$fluidsynth" ] || packages+=("${names[0]}")
[ -n "$cairo" ] || packages+=("${names[1]}")
if [ "$manager" = apt-get ]; then
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || packages+=("$package")
    done
fi
[ ${#packages[@]} -gt 0 ] || exit 0

if [ -z "$manager" ]; then
    echo "For full sound and PDF install FluidSynth 2 and Cairo with your system's package manager."
    exit 0
fi

as_root=()
advice="sudo $manager install ${packages[*]}"
if [ "$manager" = brew ]; then
    advice="brew install ${packages[*]}"
elif [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        echo "For full sound and PDF type: $advice"
        exit 0
    fi
fi

install() {
    case "$manager" in
        apt-get)
            ${as_root[@]+"${as_root[@]}"} apt-get update -qq &&
                ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
                    apt-get install -y -qq --no-install-recommends "${packages[@]}"
            ;;
        dnf) ${as_root[@]+"${as_root[@]}"} dnf install -y -q "${packages[@]}" ;;
        brew) brew install --quiet "${packages[@]}" ;;
    esac
}
# Once is enough: without a network every start of the studio would wait for the package manager to give up.
tried=.venv/.system-tried
if [ -z "${CI:-}" ] && [ "$(cat "$tried" 2>/dev/null)" = "${packages[*]}" ]; then
    echo "For full sound and PDF type: $advice"
    exit 0
fi
[ -d .venv ] && echo "${packages[*]}" >"$tried"

echo "Installing ${packages[*]} with $manager."
log=$(mktemp)
if ! install >"$log" 2>&1; then
    tail -n 3 "$log"
    echo "That did not work. For full sound and PDF type: $advice"
fi
rm -f "$log"
exit 0
