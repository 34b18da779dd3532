#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A template that is fetched from a web server: QEMU forgets requests there that end together, so that it
# is not hydrated, and says why; through an NBD server it is. docs/quirks.md
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
PATH=$PATH:/usr/sbin
requires virt-stream qemu-img nginx openssl

# start_nginx: an ordinary process of ours, which serves $dir on two ports that are free
start_nginx() {
  read -r http https < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in sockets))')
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2> /dev/null
  cat > "$dir/nginx.conf" << CONF
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log stderr;
events {}
http {
  access_log $dir/access.log;
  client_body_temp_path $dir/nginx; proxy_temp_path $dir/nginx; fastcgi_temp_path $dir/nginx;
  uwsgi_temp_path $dir/nginx; scgi_temp_path $dir/nginx;
  server {
    listen 127.0.0.1:$http;
    listen 127.0.0.1:$https ssl;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    root $dir;
  }
}
CONF
  start_process nginx nginx -c "$dir/nginx.conf" -e stderr
  wait_until 30 serves
}

serves() {
  python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", sys.argv[1]))' "$https"
}

# pull_from URL [OPTION]: by QEMU's curl driver
pull_from() {
  echo "$1"
  start_thin_guest '{"driver": "'"${1%%:*}"'", "url": "'"$1"'"'"${2:+, $2}"'}'
  virt-stream -q start guest vda --bandwidth 4M
  wait_until 20 gives_reason guest "requests to a web server unanswered"
  complete_stream guest
  is_independent
}

# start_thin_guest NODE: over the raw template there, in JSON
start_thin_guest() {
  : > "$dir/access.log"
  make_overlay "$dir/guest.qcow2" 'json:{"driver": "raw", "file": '"$1"'}'
  start_guest guest "$dir/guest.qcow2"
}

is_independent() {
  virsh -q undefine guest
  assert_eq "$(backing_file "$dir/guest.qcow2")" ""
  image_is_sound "$dir/guest.qcow2" "$dir/template.raw"
  assert_match "$dir/access.log" '"GET /template.raw HTTP/1.1" 206'
  rm "$dir/guest.qcow2"
}

make_template "$dir/template.raw" 48 half
start_nginx
start_libvirtd
start_daemon
pull_from "http://127.0.0.1:$http/template.raw"
pull_from "https://127.0.0.1:$https/template.raw" '"sslverify": "off"'

start_nbdkit web curl "http://127.0.0.1:$http/template.raw"
start_thin_guest '{"driver": "nbd", "server": {"type": "unix", "path": "'"$dir/web.sock"'"}}'
hydrate guest
is_independent
stop_daemon
