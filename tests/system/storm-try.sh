#!/bin/bash
# scratch
source "$(dirname "$0")/functions.sh"
delay=${DELAY:-10ms} rounds=${ROUNDS:-20}
make_template "$dir/template.raw" 128
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=$delay
start_libvirtd
echo 'log_filters = "1:qemu.hydration 1:qemu.hydrator 1:qemu.follow 1:qemu.export 1:qemu.monitor"' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
image=$dir/o.qcow2
hydrates() { virt-stream info g vda | grep -qE "^Phase: +hydrate"; }
fresh() { rm -f $image; make_overlay "$image" "$(nbd_uri remote)"; virsh -q start g; }
make_overlay "$image" "$(nbd_uri remote)"
define_guest g "$image"
virsh -q start g
aborted=0 saved=0 failed=0 done_=0
for ((i=0;i<rounds;i++)); do
  virsh -q blockpull g vda
  wait_until 5 hydrates || true
  t0=$(date +%s%N)
  sleep 0.0$((RANDOM%10))
  if virsh "blockjob g vda --abort; save g $dir/saved" > $dir/out 2>&1; then saved=$((saved+1)); else failed=$((failed+1)); cat $dir/out; fi
  if grep -q "Assertion" "$HOME/.cache/libvirt/qemu/log/g.log"; then
    aborted=$((aborted+1)); grep Assertion "$HOME/.cache/libvirt/qemu/log/g.log" | tail -1; cat $dir/out; : > "$HOME/.cache/libvirt/qemu/log/g.log"
  fi
  if [ -f $dir/saved ]; then virsh -q restore $dir/saved || fresh; rm -f $dir/saved;
  else virsh domstate g; guest_is g running || fresh; fi
  al=$(du -m $image | cut -f1)
  if [ $al -gt 90 ]; then virsh -q destroy g; fresh; fi
done
echo "delay $delay rounds $rounds saved $saved failed $failed aborted $aborted"
cp $dir/daemon.log /tmp/storm-w/daemon-$delay.log
