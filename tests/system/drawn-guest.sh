# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# drawn-guest.sh: a Linux guest as matrix_guests.py draws it, with all that belongs to it
# Sourced after functions.sh; make_linux has made the template, $delay is how far away it is.

declare -A facet=() # of the guest that was taken last, each of the table's
disk=vda            # the name of its disk

# draw_guests OPTION...: of matrix_guests.py
draw_guests() {
  "$test_dir/system/matrix_guests.py" "$@"
}

# take_guest FACET=VALUE...: what follows is about this one
take_guest() {
  local drawn pair
  drawn=$(draw_guests --plain --whole "$@")
  for pair in $drawn; do
    facet[${pair%%=*}]=${pair#*=}
  done
  case ${facet[bus]} in
    virtio) disk=vda ;;
    ide) disk=hda ;;
    *) disk=sda ;;
  esac
}

# --- images ---

# start_remote: serves the template, slowly
start_remote() {
  local image=$dir/linux/template.${facet[template]} compress=
  [ "${facet[template]}" != compressed ] || compress=-c
  [ -e "$image" ] ||
    qemu-img convert $compress -f raw -O qcow2 "$dir/linux/template.raw" "$image"
  start_nbdkit remote --filter=delay file "$image" rdelay="$delay"
}

template_format() {
  [ "${facet[template]}" = raw ] && echo raw || echo qcow2
}

# overlay_file NAME: where the overlay is
overlay_file() {
  [ "${facet[overlay]}" = block ] && echo "$BLOCKDEV" || echo "$dir/$1.qcow2"
}

# make_images NAME: the overlay, thin, and what is between it and the template, each with some of its data
make_images() {
  local layer image backing format options=compat=1.1 size
  format=$(template_format)
  [ -v "secrets[overlay]" ] || define_secret overlay
  backing=$(nbd_uri remote)
  for ((layer = facet[layers]; layer > 1; layer--)); do
    image=$dir/$1-layer$layer.qcow2
    make_overlay "$image" "$backing" "$format"
    qemu-io -C -f qcow2 -c "read -q $((layer * 16))M 8M" "$image"
    backing=$image format=qcow2
  done

  size=$(stat -c %s "$dir/linux/template.raw")
  [ "${facet[tail]}" = no ] || size=$((size + (96 << 20)))
  [ "${facet[overlay]}" != data-file ] || options+=",data_file=$dir/$1.data"
  [ "${facet[encryption]}" = none ] || options+=",$(luks_options overlay)"
  image=$(overlay_file "$1")
  wait_until 30 qemu-img create -q -f qcow2 -o "$options" --object "$(key_object overlay)" \
    -b "$backing" -F "$format" "$image" "$size"
  if [ "${facet[overlay]}" = nbd ]; then
    truncate -s 1G "$image" # it cannot grow there
    rm -f "$dir/overlay.sock"
    start_server overlay "$dir/overlay.sock" \
      nbdkit --foreground --unix "$dir/overlay.sock" file "$image"
  fi
  [ "${facet[other]}" = none ] || make_other
}

# make_other: the second disk, with data of its own, and nothing below
make_other() {
  [ -e "$dir/other.raw" ] || make_template "$dir/other.raw" 16 half
  [ -e "$dir/other.qcow2" ] || qemu-img convert -O qcow2 "$dir/other.raw" "$dir/other.qcow2"
}

# image_options NAME: the overlay as qemu-img takes it, after --object "$(key_object overlay)" --image-opts
image_options() {
  local options
  options="driver=qcow2,file.filename=$(overlay_file "$1")"
  [ "${facet[encryption]}" = none ] || options+=,encrypt.key-secret=overlay
  echo "$options"
}

# --- XML ---

# throttle_xml: of both disks, if they are a group
throttle_xml() {
  local group=
  [ "${facet[throttle]}" = own ] || group="<group_name>both</group_name>"
  echo "<iotune><total_bytes_sec>$((48 << 20))</total_bytes_sec>$group</iotune>"
}

# disk_attributes NAME...: those of the facets that are not the default
disk_attributes() {
  local name
  for name; do
    [ "${facet[$name]}" = default ] || echo -n " $name='${facet[$name]}'"
  done
}

# chain_xml NAME [LAYER]: the layers from this one, or the second, down to the template
chain_xml() {
  local layer=${2:-2}
  if ((layer > facet[layers])); then
    cat << XML
      <backingStore type='network'>
        <format type='$(template_format)'/>
        <source protocol='nbd'><host transport='unix' socket='$dir/remote.sock'/></source>
        <backingStore/>
      </backingStore>
XML
  else
    cat << XML
      <backingStore type='file'>
        <format type='qcow2'/>
        <source file='$dir/$1-layer$layer.qcow2'/>
        $(chain_xml "$1" $((layer + 1)))
      </backingStore>
XML
  fi
}

# drawn_disk_xml NAME: the disk that is streamed
drawn_disk_xml() {
  local attributes type=file source host='' encryption='' throttle='' chain=''
  source="file='$(overlay_file "$1")'"
  attributes=$(disk_attributes cache io discard detect_zeroes copy_on_read)
  [[ ${facet[iothread]} != @(own|shared) ]] || attributes+=" iothread='1'"
  [[ ${facet[bus]} != virtio || ${facet[queues]} = 1 ]] || attributes+=" queues='${facet[queues]}'"
  case ${facet[overlay]} in
    block) type=block source="dev='$BLOCKDEV'" ;;
    nbd)
      type=network source="protocol='nbd'"
      host="<host transport='unix' socket='$dir/overlay.sock'/>"
      ;;
  esac
  [ "${facet[encryption]}" = none ] || encryption=$(encryption_xml overlay)
  [ "${facet[throttle]}" = none ] || throttle=$(throttle_xml)
  [ "${facet[chain]}" = detected ] || chain=$(chain_xml "$1")
  cat << XML
    <disk type='$type' device='disk'>
      <driver name='qemu' type='qcow2'$attributes/>
      <source $source>$host$encryption</source>
$chain
      <target dev='$disk' bus='${facet[bus]}'/>
      $throttle
    </disk>
XML
}

# other_disk_xml: the second disk
other_disk_xml() {
  local format=qcow2 iothread='' shareable='' throttle=''
  [ "${facet[other]}" = none ] && return
  [ "${facet[other]}" = plain ] || format=raw shareable="<shareable/>"
  [ "${facet[iothread]}" != shared ] || iothread=" iothread='1'"
  [ "${facet[throttle]}" != group ] || throttle=$(throttle_xml)
  cat << XML
    <disk type='file' device='disk'>
      <driver name='qemu' type='$format'$iothread/>
      <source file='$dir/other.$format'/>
      <target dev='vdb' bus='virtio'/>
      $shareable$throttle
    </disk>
XML
}

# controllers_xml: for the bus of the disk, and slots for what is plugged into a q35
controllers_xml() {
  local driver=
  [ "${facet[queues]}" = 1 ] || driver+=" queues='${facet[queues]}'"
  [ "${facet[iothread]}" != controller ] || driver+=" iothread='1'"
  [ "${facet[bus]}" != scsi ] ||
    echo "<controller type='scsi' model='virtio-scsi'>${driver:+<driver$driver/>}</controller>"
  [ "${facet[bus]}" != usb ] || echo "<controller type='usb' model='qemu-xhci'/>"
  [ "${facet[machine]}" != q35 ] ||
    printf "<controller type='pci' model='%s'/>\n" pcie-root pcie-root-port{,,,,,}
}

# define_drawn NAME: the guest, with its disk if that is not plugged in later
define_drawn() {
  local devices threads=
  devices=$(controllers_xml; other_disk_xml)
  drawn_disk_xml "$1" > "$dir/$1.disk.xml"
  [ "${facet[plug]}" = hot ] || devices+=$(cat "$dir/$1.disk.xml")
  [ "${facet[iothread]}" = none ] || threads="<iothreads>1</iothreads>"
  define_linux_domain "$1" "$devices" "${facet[machine]}" "$threads"
}

# boot_drawn NAME: until its writer works
boot_drawn() {
  virsh -q start "$1"
  if [ "${facet[plug]}" = hot ]; then
    wait_linux "$1" 120 "waits for its disk"
    virsh -q attach-device "$1" "$dir/$1.disk.xml" --live
  fi
  wait_linux "$1" 120 "ready"
}
