#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The Linux guest, and the comparison afterwards, with stock libvirt alone: a pull leaves the right
# bytes, and a single wrong one, a lost write or a lost acknowledgement is noticed.
source "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img

make_linux 128
start_libvirtd
start_nbdkit remote --filter=delay file "$dir/linux/template.raw" rdelay=1ms
make_overlay "$dir/overlay.qcow2" "$(nbd_uri remote)"
start_linux guest "$dir/overlay.qcow2"
watch_events guest
virsh -q blockpull guest vda --wait
wait_line 10 events "event 'block-job-2' for domain 'guest': Block Pull for vda completed"
assert_eq "$(backing_file "$dir/overlay.qcow2")" ""
stop_nbdkit remote

verify_linux guest
stop_linux guest
compare_linux guest "$dir/overlay.qcow2"

compare() {
  "$test_dir/guest/guest-compare.py" "$dir/linux/template.raw" "$dir/final.raw" "$dir/acks"
}

# change_byte OFFSET: changes one byte of final.raw
change_byte() {
  python3 - "$dir/final.raw" "$1" << 'PYTHON'
import sys
with open(sys.argv[1], "r+b") as image:
    image.seek(int(sys.argv[2]))
    byte = image.read(1)[0]
    image.seek(-1, 1)
    image.write(bytes([byte ^ 1]))
PYTHON
}

qemu-img convert -O raw "$dir/overlay.qcow2" "$dir/final.raw"
cp "$dir/guest.acks" "$dir/acks"
compare

# one byte of a file, of the template's scratch region, of a block that the guest wrote
scratch=$((64 << 20))
unwritten=$(python3 - "$dir/acks" << 'PYTHON'
import sys
written = {int(word) for line in open(sys.argv[1]) for word in line.split()[1:]}
print(next(index for index in range(16384) if index not in written))
PYTHON
)
written=$(tail -n 1 "$dir/acks" | cut -d ' ' -f 2)
for place in "5000000 byte" \
             "$((scratch + unwritten * 4096)) block" \
             "$((scratch + written * 4096 + 4095)) block"; do
  read -r offset what <<< "$place"
  change_byte "$offset"
  run_fails 1 "^$dir/final.raw: $what .* is not" compare
  change_byte "$offset"
done

# the newest batch counts as under way, the one before it does not
sed -i '$d' "$dir/acks"
compare
sed -i '$d' "$dir/acks"
run_fails 1 "block .* is not" compare
sed -i '1d' "$dir/acks"
run_fails 1 "generation 2 acknowledged after 0" compare
