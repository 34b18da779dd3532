# SPDX-License-Identifier: LGPL-2.1-or-later
# Thin: each target installs what it misses from Debian's packages, then calls meson or a script.

.PHONY: build demo check bench coverage install clean

build:
	@scripts/install-deps.sh build
	@[ -f build/build.ninja ] || meson setup build
	ninja -C build

# A guest boots from a slow remote template, is streamed while it writes, and needs it no more.
demo:
	@scripts/install-deps.sh
	@$(MAKE) --no-print-directory build
	@./run demo/demo.sh

# All tests, again with valgrind and the sanitizers; the last line counts them.
check:
	@scripts/install-deps.sh
	@scripts/check.sh

# The comparisons with stock libvirt, all of them: about an hour, on a machine that does nothing else.
bench:
	@scripts/install-deps.sh
	@$(MAKE) --no-print-directory build
	@for name in pull guest many call python startup; do ./run bench/$$name || exit; done

# The share of lines and branches of src and tools that the tests reach.
coverage:
	@scripts/install-deps.sh
	@scripts/coverage.sh

# DESTDIR=... lays the files out below it.
install: build
	meson install -C build --no-rebuild $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")

clean:
	rm -rf build build-*
