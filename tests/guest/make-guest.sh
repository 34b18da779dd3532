#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make-guest.sh INIT DIR MIB: makes DIR/vmlinuz, DIR/initramfs and DIR/template.raw
#
# The template is MIB mebibytes long: an ext4 file system with files of random bytes and their
# checksums in /manifest, INIT as /init, its own length in /size, then a scratch region of random digits for the guest's
# writer. The kernel is the newest that is installed here with drivers for every bus that a disk can
# be on; those made for clouds know neither SATA nor USB.
set -eu -o pipefail

init=$1 dir=$2 mib=$3
here=$(dirname "$0")
scratch_mib=64  # GUEST_WRITER_SCRATCH
file_mib=4
PATH=$PATH:/usr/sbin:/sbin

fail() { echo "make-guest.sh: $*" >&2; exit 1; }

modules=(virtio_pci virtio_blk virtio_scsi ata_piix ahci xhci_pci usb-storage sd_mod virtio_console ext4)
kernel=
for image in $(printf '%s\n' /boot/vmlinuz-* | sort -V); do
  ! modprobe -q -S "${image#/boot/vmlinuz-}" -a -D "${modules[@]}" > /dev/null || kernel=$image
done
[ -n "$kernel" ] || fail "no kernel in /boot with these modules: ${modules[*]}"
[ -r "$kernel" ] || fail "cannot read the kernel '$kernel'"
((mib >= scratch_mib + 4 * file_mib)) || fail "a template of $mib MiB is too small"

mkdir -p "$dir"
work=$(mktemp -d "$dir/make.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$kernel" "$dir/vmlinuz"

# initramfs: busybox, the modules in the order of loading, a script
mkdir -p "$work"/initramfs/{bin,dev,root,modules}
cp "$here/initramfs-init.sh" "$work/initramfs/init"
chmod 755 "$work/initramfs/init"
cp /bin/busybox "$work/initramfs/bin/busybox"
ln -s busybox "$work/initramfs/bin/sh"
number=100
for module in $(modprobe -S "${kernel#/boot/vmlinuz-}" -a -D "${modules[@]}" |
                awk '$1 == "insmod" && !seen[$2]++ { print $2 }'); do
  cp "$module" "$work/initramfs/modules/$((number++))-${module##*/}"
done
(cd "$work/initramfs" && find . | cpio --quiet -o -H newc -R 0:0) > "$dir/initramfs"

# template: the file system holds as many files as fit, with 1/8 left for its own structures
fs_mib=$((mib - scratch_mib))
mkdir -p "$work"/root/{bin,dev,proc,files}
cp "$init" "$work/root/init"
cp /bin/busybox "$work/root/bin/busybox"
ln -s busybox "$work/root/bin/sh"
python3 "$here/random-bytes.py" 1 $(((fs_mib - fs_mib / 8 - 4) / file_mib * file_mib)) |
  split -b ${file_mib}M -d -a 4 - "$work/root/files/"
(cd "$work/root" && sha256sum files/* > manifest)
echo $((mib << 20)) > "$work/root/size"
truncate -s ${fs_mib}M "$work/template.raw"
mke2fs -q -t ext4 -b 4096 -O ^has_journal -E root_owner=0:0 -d "$work/root" "$work/template.raw"
python3 "$here/random-bytes.py" 2 $scratch_mib hex >> "$work/template.raw"
mv "$work/template.raw" "$dir/template.raw"
