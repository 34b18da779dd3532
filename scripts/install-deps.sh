#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# install-deps.sh [build]: installs the Debian packages that are missing; with "build", only those
# that building needs. No service is started: nginx is for a test that runs its own.
set -eu

build=(
  dpkg-dev gcc libc6-dev meson ninja-build pkg-config python3 python3-dev python3-docutils rpcsvc-proto
  libglib2.0-dev libjson-c-dev libnbd-dev libsystemd-dev libtirpc-dev libvirt-dev libxml2-dev
)
tests=(
  libvirt-clients libvirt-daemon qemu-system-x86 qemu-utils             # the stock side
  python3-libvirt                                                       # what our module extends
  libnbd-bin nbdkit nbdkit-plugin-dev nginx openssl qemu-block-extra    # the remotes
  busybox-static cpio e2fsprogs kmod                                    # the guest
  clang clang-format-19 clang-tidy-19 flake8 shellcheck                 # the checks of the sources
  bash-completion gcovr libc6-dbg python3-jsonschema tmux valgrind      # other checks
)

packages=("${build[@]}")
if [ "${1:-}" != build ]; then
  packages+=("${tests[@]}")
  # the guest takes a kernel that is here; a container has none, and those made for clouds have no
  # drivers for USB, and some none for SATA
  compgen -G '/lib/modules/*/kernel/drivers/usb/storage/usb-storage.ko*' > /dev/null ||
    packages+=(linux-image-amd64)
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q '^install ok installed' ||
    missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" != 0 ]; then
  root=(sudo)
  if ! command -v sudo > /dev/null; then
    echo "$0: please install these packages: ${missing[*]}" >&2
    exit 1
  fi
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${root[@]}" rm -f $policy' EXIT
  "${root[@]}" install -m 755 /dev/stdin $policy <<< $'#!/bin/sh\nexit 101'
fi

echo "Installing ${missing[*]}"
"${root[@]}" apt-get -qq update
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq -y --no-install-recommends install "${missing[@]}" > /dev/null
[[ " ${missing[*]} " != *" nginx "* ]] || "${root[@]}" update-rc.d nginx disable
