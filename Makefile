# Toolkit for Do-Not-Call events. `make help` lists what can be made.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
# release, asan, tsan, coverage or fuzz; each has its own objects below build/
VARIANT  ?= release
O        := build/$(VARIANT)

COMMANDS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/main.c)))))
LIB_SRC  := $(sort $(shell find lib -name "*.c" -o -name "*.cpp"))
LIB_OBJ  := $(patsubst %,$(O)/%.o,$(LIB_SRC))
UNITS    := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES  := $(patsubst tests/bench/%.c,$(O)/bench/%,$(wildcard tests/bench/*.c))
BINARIES := $(COMMANDS:%=$(O)/bin/%)
# What tests of the commands need besides them.
HELPERS  := $(O)/test/dnc-wsd-shared

# V=1 shows the commands.
Q        := $(if $(V),,@)

# Debian packages: to build, and to test.
BUILD_PACKAGES := pkg-config g++ libwebsockets-dev libwebsockets-evlib-uv libuv1-dev libjq-dev \
	libsimdjson-dev libpcre2-dev libsodium-dev libphonenumber-dev libicu-dev libsqlite3-dev \
	libsystemd-dev uthash-dev zlib1g-dev liblzma-dev libzstd-dev libbz2-dev libarchive-dev libinih-dev libroaring-dev libmicrohttpd-dev libssl-dev \
	libcurl4-openssl-dev libexpat1-dev libpq-dev
TEST_PACKAGES := libcmocka-dev bats jq mandoc clang libclang-rt-14-dev nodejs node-ws \
	python3-websockets python3-jwt python3-cryptography openssl curl nginx-light haproxy prometheus shellcheck procps bsdextrautils bash-completion clang-format sqlite3 systemd faketime fio strace time \
	zip zstd xz-utils bzip2 ripgrep postgresql-15 patroni tmux iproute2 chromium fonts-dejavu-core
# Packages of nodejs from elsewhere bring npm along, and Debian's would replace their nodejs.
ifeq ($(shell command -v npm),)
TEST_PACKAGES += npm
endif
PACKAGES := $(BUILD_PACKAGES) $(TEST_PACKAGES)
# What keeps the servers of the log in `make soak`.
SOAK_PACKAGES := etcd-server python3-etcd
# Peers that `make bench-hub` compares with.
PEER_PACKAGES := nginx-light libnginx-mod-nchan mosquitto nats-server

# libbz2, libjq and libphonenumber ship no .pc file.
PKGS     := libcurl libmicrohttpd zlib liblzma libzstd libarchive inih expat libssl libcrypto libwebsockets libuv libpcre2-8 libsodium \
	simdjson sqlite3 libsystemd icu-uc libpq
ifneq ($(shell command -v pkg-config),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
endif
LDLIBS   := $(PKG_LIBS) -lbz2 -lroaring -ljq -lphonenumber -lm -lpthread

WARN     := -Wall -Wextra -Werror
WARN_C   := -Wshadow -Wvla -Wconversion -Wstrict-prototypes -Wmissing-prototypes
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE
CPPFLAGS += -D_GNU_SOURCE -DDNC_VERSION='"$(VERSION)"' -Ilib $(PKG_CFLAGS)
LDFLAGS  += -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

ifeq ($(VARIANT),release)
OPT      := -O2 -g -D_FORTIFY_SOURCE=2
else ifeq ($(VARIANT),asan)
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(VARIANT),tsan)
# Its checks make gcc see buffers as too short that are not.
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-format-truncation
else ifeq ($(VARIANT),coverage)
OPT      := -O0 -g --coverage -fprofile-abs-path
else ifeq ($(VARIANT),fuzz)
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
	-fno-sanitize-recover=undefined
CC       := clang
CXX      := clang++
# clang sees enums as unsigned where gcc does not.
WARN_C   += -Wno-sign-conversion
else
$(error VARIANT must be release, asan, tsan, coverage or fuzz)
endif
# Tests are many programs: this linker, of the same package, takes a third of the time.
ifneq ($(VARIANT),release)
LDFLAGS  += -fuse-ld=gold
endif
CFLAGS   += -std=gnu17 $(OPT) $(HARDEN) $(WARN) $(WARN_C)
CXXFLAGS += -std=c++17 $(OPT) $(HARDEN) $(WARN)

.PHONY: all check demo install asan tsan coverage fuzz soak bench bench-hub benches lint deps packages clean help units helpers fuzzers
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINARIES)

$(O)/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$Q$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	$Q$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(O)/libdnc.a: $(LIB_OBJ)
	@rm -f $@
	$Q$(AR) rcs $@ $(LIB_OBJ)

# The files of the page are in its object (.incbin), which the compiler's list of headers does not say.
$(O)/lib/web/page/asset.c.o: $(wildcard lib/web/page/assets/*)

# The same of the log's schema.
$(O)/lib/log/schema.c.o: lib/log/schema.sql

# A command is all the files of its folder.
.SECONDEXPANSION:
$(O)/bin/%: $$(addprefix $(O)/,$$(addsuffix .o,$$(wildcard cmd/$$*/*.c))) $(O)/libdnc.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$Q$(CXX) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The hub with a log that tests change while it runs.
$(O)/test/dnc-wsd-shared: LDFLAGS += -Wl,--wrap=journal_sqlite_open,--wrap=dnc_writer_new
$(O)/test/dnc-wsd-shared: $(patsubst %,$(O)/%.o,$(wildcard cmd/dnc-wsd/*.c) tests/e2e/shared_log.c) $(O)/libdnc.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$Q$(CXX) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/unit/%: $(O)/tests/unit/%.c.o $(O)/libdnc.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$Q$(CXX) $(OPT) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(O)/bench/%: $(O)/tests/bench/%.c.o $(O)/libdnc.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$Q$(CXX) $(OPT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Their allocations fail when they say so.
$(O)/unit/test_event_nomem $(O)/unit/test_nomem $(O)/unit/test_web_nomem $(O)/unit/test_session $(O)/unit/test_rules_nomem $(O)/unit/test_providers_nomem: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray

# Its clock is set by hand, and matches take as long as it says.
$(O)/unit/test_budget: LDFLAGS += -Wl,--wrap=dnc_clock_mono_ns,--wrap=dnc_clock_mono_ms,--wrap=dnc_filter_match

# Its process dies after a move when it says so.
$(O)/unit/test_filing: LDFLAGS += -Wl,--wrap=renameat2

# It counts who makes the list of providers.
$(O)/unit/test_dispatch: LDFLAGS += -Wl,--wrap=provider_list_add

# Time passes when it says so.
$(O)/unit/test_outlet $(O)/unit/test_readers $(O)/unit/test_mapper $(O)/unit/test_arrivals $(O)/unit/test_spool $(O)/unit/test_route \
$(O)/unit/test_commands $(O)/unit/test_changes $(O)/unit/test_pg_flood: LDFLAGS += -Wl,--wrap=dnc_clock_mono_ms

# Its files can't be opened when it says so, and it counts which directories are on disk.
$(O)/unit/test_spool: LDFLAGS += -Wl,--wrap=open,--wrap=dnc_file_sync_directory

# Its clock is behind the server's when it says so.
$(O)/unit/test_postgres_revoked: LDFLAGS += -Wl,--wrap=dnc_clock_now_ms

# Its disk answers when it says so.
$(O)/unit/test_routes: LDFLAGS += -Wl,--wrap=fdatasync

# Normalizing fails when it says so.
$(O)/unit/test_intake: LDFLAGS += -Wl,--wrap=dnc_event_normalize

# A connection to PostgreSQL breaks when it says so.
$(O)/unit/test_postgres: LDFLAGS += -Wl,--wrap=pg_run

# It counts what is parsed.
$(O)/unit/test_parses: LDFLAGS += -Wl,--wrap=dnc_json_parse

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.c.o build/fuzz/libdnc.a
	@echo "  LINK  $@"
	$Q$(CXX) $(OPT) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

units: $(UNITS)

helpers: $(HELPERS)

-include $(shell find $(O) -name '*.d' 2>/dev/null)

asan: ## builds with AddressSanitizer and UBSan into build/asan
	+@$(MAKE) --no-print-directory VARIANT=asan all units helpers

tsan: ## builds with ThreadSanitizer, into build/tsan, what tests run with it
	+@$(MAKE) --no-print-directory VARIANT=tsan all helpers \
		$$(tests/run -l | sed -n 's,^tsan \(test_[a-z_]*\)$$,build/tsan/unit/\1,p')

coverage: ## prints the coverage of lib/ by the unit tests alone, by directory and file
	+@$(MAKE) --no-print-directory deps
	+@$(MAKE) --no-print-directory $(PARALLEL) VARIANT=coverage units
	@tests/coverage

fuzz: ## builds the fuzz targets into build/fuzz (clang)
	+@$(MAKE) --no-print-directory VARIANT=fuzz fuzzers

fuzzers: $(FUZZERS)

# As many compilers as processors, unless -j says how many.
PARALLEL  = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# The packages come first: what follows asks pkg-config again.
check: ## installs missing packages, builds, and runs all tests
	+@$(MAKE) --no-print-directory deps
	+@$(MAKE) --no-print-directory $(PARALLEL) all helpers
	+@$(MAKE) --no-print-directory $(PARALLEL) asan
	+@$(MAKE) --no-print-directory $(PARALLEL) tsan
	+@$(MAKE) --no-print-directory $(PARALLEL) fuzz
	@tests/run

demo: ## installs missing packages, builds, and runs the pipeline (DEMO_SECONDS=10)
	+@$(MAKE) --no-print-directory deps PACKAGES='$(BUILD_PACKAGES)'
	+@$(MAKE) --no-print-directory $(PARALLEL) all
	@BIN=$(O)/bin examples/demo

soak: ## runs the long forms of the chaos (also in PostgreSQL), pause, ping and consumer tests, then all tests with each build (two hours)
	+@$(MAKE) --no-print-directory deps
	+@$(MAKE) --no-print-directory all
	CHAOS_EVENTS=200000 CHAOS_KILLS=30 CHAOS_CLIENTS=300 CHAOS_STEP=8 CHAOS_SECONDS=3600 PATRONI_KILLS=3 \
		PAUSE_SECONDS=60 PINGS=1 TAIL_EVENTS=12000 TAIL_DEATHS=32 \
		BIN=$(CURDIR)/build/release/bin \
		bats tests/e2e/chaos.bats tests/e2e/pgchaos.bats tests/e2e/patroni.bats tests/e2e/pings.bats tests/e2e/tail.bats
	+@$(MAKE) --no-print-directory $(PARALLEL) asan
	+@$(MAKE) --no-print-directory $(PARALLEL) tsan
	+@$(MAKE) --no-print-directory $(PARALLEL) fuzz
	FULL=1 FUZZ_SEED=0 FUZZ_SECONDS=60 tests/run

bench: ## measures the programs against jq, grep, ripgrep, a hub that writes each message, and the disk (BENCH_RUNS=5)
	+@$(MAKE) --no-print-directory deps
	+@$(MAKE) --no-print-directory all benches
	@tests/bench/tools
	@tests/bench/rules
	@tests/bench/hub
	@tests/bench/log
	@tests/bench/postgres
	@tests/bench/tail
	@tests/bench/costly
	@tests/bench/attacks
	@tests/bench/page

bench-hub: ## compares the hub with nginx+Nchan, node ws, Mosquitto and nats-server, which it installs (15 minutes)
	+@$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) $(PEER_PACKAGES)'
	+@$(MAKE) --no-print-directory all benches
	@tests/bench/scale

benches: $(BENCHES)

SYSTEMD_UNITS := $(wildcard examples/systemd/*.service examples/systemd/*.socket examples/systemd/*.path examples/systemd/*.timer)

# What operators copy and change.
OPERATORS_EXAMPLES := $(wildcard examples/haproxy/* examples/patroni/* examples/prometheus/* examples/grafana/*)

install: all ## installs below $(DESTDIR)$(PREFIX), with units for systemd
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install $(BINARIES) examples/cron/dnc-registry-sync $(DESTDIR)$(PREFIX)/bin
	for page in man/*.[1578]; do \
		install -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/; done
	for c in completions/bash/*; do \
		install -m 644 $$c $(DESTDIR)$(PREFIX)/share/bash-completion/completions/; done
	for unit in $(SYSTEMD_UNITS); do \
		to=$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; \
		sed 's|/usr/local/bin/|$(PREFIX)/bin/|' $$unit >$$to && chmod 644 $$to || exit 1; done
	for f in $(OPERATORS_EXAMPLES); do \
		install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/dnc/$$f || exit 1; done
	install -m 644 examples/systemd/dnc.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/dnc.conf
	@echo 'To run the hub as a service: systemd-sysusers; systemctl daemon-reload; systemctl enable --now dnc-wsd.socket dnc-wsd'
	@echo 'For a reverse proxy: systemctl enable --now dnc-wsd-web.socket; systemctl restart dnc-wsd'
	@echo 'The other stages: systemctl enable --now dnc-filter.socket dnc-filter dnc-ingest.socket dnc-ingest'
	@echo 'Lists of a registry: install -d -m 2770 -g dnc /var/spool/dnc-registry /var/spool/dnc-registry/incoming; systemctl enable --now dnc-registry-sync.timer dnc-registry-check.timer'
	@echo 'For files: install -d -m 2770 -g dnc /var/spool/dnc; systemctl enable --now dnc-ingest-watch (or dnc-ingest-once.path dnc-ingest-once.timer)'
	@echo 'For tokens: install -d -g dnc -m 750 /etc/dnc; install -m 640 -g dnc /dev/null /etc/dnc/revoked'
	@echo 'Options are in /etc/default/dnc-wsd and so on; the units (systemctl cat dnc-wsd) have examples.'

lint: all ## checks layout, structure (lib/README.md), scripts and manuals
	clang-format --dry-run -Werror $(shell find cmd lib tests -name '*.[ch]' -o -name '*.cpp')
	tests/lint/structure . $(O)
	shellcheck -s bash -x -e SC2034,SC2317,SC1091,SC2154 tests/run tests/coverage tests/helper.bash tests/postgres.bash tests/patroni.bash tests/on-postgres tests/log-sql tests/browser/browser.bash \
		tests/with-options/dnc-wsd tests/docs/documented.bash tests/bench/tools tests/bench/rules tests/bench/hub \
		tests/bench/scale tests/bench/log tests/bench/postgres tests/bench/postgres.bash tests/bench/tail tests/bench/costly tests/bench/attacks tests/bench/page tests/bench/lib.bash examples/demo completions/bash/* .ci/run
	shellcheck -s sh examples/cron/dnc-registry-sync
	mandoc -T lint -W warning man/*.[1578]

deps: ## installs missing Debian packages, and from npm what tests of the dashboard need
	+@$(MAKE) --no-print-directory packages
	+@$(if $(filter chromium,$(PACKAGES)),$(MAKE) -s --no-print-directory build/browser/installed)

# Tests start servers of their own: installing PostgreSQL makes and starts none here. A machine that had it keeps what it has.
NO_CLUSTER_FILE := /etc/postgresql-common/createcluster.d/dnc-tests.conf
NO_CLUSTER := $$sudo mkdir -p $(dir $(NO_CLUSTER_FILE)) && echo 'create_main_cluster = false' | $$sudo tee $(NO_CLUSTER_FILE) >/dev/null

packages:
	@missing=; for p in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	echo "installing:$$missing"; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	$$sudo apt-get update -qq && \
	case $$missing in *postgresql-15*) $(NO_CLUSTER) ;; esac && \
	$$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	rc=$$?; $$sudo rm -f $(NO_CLUSTER_FILE); exit $$rc

# The packages of the lock file, from the registry that npm is set to; a checkout alone is no reason to load them again.
build/browser/installed: tests/browser/package.json tests/browser/package-lock.json
	@if [ -e $@ ] && cmp -s tests/browser/package-lock.json $(@D)/package-lock.json; then touch $@; exit 0; fi; \
	echo "  NPM   $(@D)"; \
	mkdir -p $(@D) && rm -f $@ && cp $^ $(@D) && cd $(@D) && \
	npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >/dev/null && touch installed

clean: ## removes build/
	rm -rf build

help: ## prints this list
	@echo 'make            builds the commands into $(O)/bin'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r t d; do printf 'make %-10s %s\n' "$$t" "$$d"; done
