# What can be built and checked here; "make help" lists it.

SHELL := /bin/bash
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

NGINX_DEV ?= /usr/share/nginx/src
JOBS ?= 2
# Tests wait more than they compute.
TEST_JOBS ?= 4
# Those that take longest first, so that no single one is left at the end.
longest := $(patsubst %,t/%.t,fuzz openapi status unit differential relay faults)
T ?= $(longest) $(filter-out $(longest),$(sort $(wildcard t/*.t)))

build    := $(CURDIR)/build
sources  := ngx_eiam_module.c $(sort $(shell find src t/unit -name '*.[ch]'))
configs  := config t/unit/config $(wildcard src/http/status/page/*) .ci/configure

# Each allocation from a pool becomes one of malloc, so that its bounds are
# watched. Habits of nginx's core are let pass: memcpy() of nothing, a byte
# shifted into the sign, pointers that are moved though they are NULL (of a
# request line that is not read whole). Unaligned loads are configured away, and
# so are unaligned stores of newer versions, which they make with bswap64.
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all \
            -fno-sanitize=nonnull-attribute,shift-base,pointer-overflow
asan_cc  := -g1 -O1 -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1 \
            -DNGX_HAVE_NONALIGNED=0 -DNGX_HAVE_GCC_BSWAP64=0 $(sanitize)
reports  := $(build)/asan/report
asan_env := ASAN_OPTIONS=log_path=$(reports):print_suppressions=0 \
            UBSAN_OPTIONS=log_path=$(reports):print_stacktrace=1 \
            LSAN_OPTIONS=suppressions=$(CURDIR)/.ci/lsan.supp

# Newer compilers' leak checker tries ptrace() in a child, and warns if nginx's
# master has waited for that child first.
reaped := -e 'WARNING: ptrace appears to be blocked' -e '==Child exited with signal'

# One test by its title: make test T=t/jwt.t TITLE='words'. Only make's command
# line counts: with a TITLE of the environment every test is run.
ifeq ($(origin TITLE),command line)
export TITLE
prove := t/one $(if $(filter command,$(origin T)),$(T)) "$$TITLE"
else
prove = prove -j$(TEST_JOBS) $(T)
endif

version = $(shell sed -n 's/.*EIAM_VERSION *"\(.*\)"/\1/p' src/core/ngx_eiam_version.h)

# Where "make install" puts things.
MODULES_DIR ?= /usr/lib/nginx/modules
DATA_DIR ?= /usr/share/ngx_eiam
DOC_DIR ?= /usr/share/doc/ngx_eiam
MAN_DIR ?= /usr/share/man

# The least part of the lines of src, in percent, that all tests must reach.
COVERAGE ?= 95

.PHONY: module debug clang steps full asan unit fuzz test test-asan test-all coverage \
        check run stop explain revoke trial matrix bench install deb dist clean help FORCE

module: build/ngx_eiam_module.so ## the dynamic module for the installed nginx (default), or for that of NGINX_SRC=folder

debug: build/debug/ngx_eiam_module.so ## the same for a debugger, with debug log, in build/debug

clang: build/clang/ngx_eiam_module.so ## the same by clang for its warnings, in build/clang

steps: build/steps/ngx_eiam_module.so ## the same for t/killed.t: it can be ended at any change of the zone

full: build/full/nginx ## a whole nginx with the module linked in

asan: build/asan/nginx ## the same with ASan and UBSan, and with the unit tests

unit: build/ngx_eiam_unit_module.so ## the module that runs the unit tests inside nginx

fuzz: | build/nginx-src ## the fuzzers, in build/fuzz
	t/fuzz/build

test: module unit steps ## the tests against the dynamic module (T=files, TITLE="words of a title")
	$(prove)

test-asan: asan module steps ## the test suite against the ASan and UBSan build
	@rm -f $(reports).*
	@export $(asan_env) EIAM_NGINX=$(build)/asan/nginx EIAM_MODULE= EIAM_ASAN=1; \
	    $(prove); code=$$?; \
	    if cat $(reports).* 2>/dev/null | grep -v $(reaped); then \
	        echo "test-asan: sanitizer reports"; code=1; \
	    fi; exit $$code

test-all: ## every build, check and test, with a count at the end
	sh t/run

coverage: build/coverage/ngx_eiam_module.so module unit steps ## the lines of src that the tests reach, at least COVERAGE=95 percent
	@.ci/coverage forget build/coverage
	@export EIAM_COVERAGE=1 EIAM_MODULE=$(build)/coverage/ngx_eiam_module.so \
	    EIAM_UNIT_MODULE=$(build)/coverage/ngx_eiam_unit_module.so; \
	    $(prove); code=$$?; \
	    .ci/coverage report build/coverage $(COVERAGE) || code=1; exit $$code

# For editors and clang's tools: how each file of the module is compiled.
compile_commands.json: build/dynamic/Makefile .ci/compile-commands ## for editors: how each file is compiled
	@$(MAKE) -nB -C $(NGINX_DEV) -f $(build)/dynamic/Makefile modules \
	    | .ci/compile-commands $(NGINX_DEV) >$@

check: module ## layering, lengths, names, documentation against code
	.ci/check

run: ## the example: backend and nginx on 127.0.0.1
	sh example/run

stop: ## stops the example
	sh example/stop

explain: ## what the running example would do (CALL="PUT /path" [SCOPES="a b"] [APPLICATION=id] [ADDRESS=ip])
	@sh example/explain $(if $(CALL),'$(word 1,$(CALL))' '$(word 2,$(CALL))') \
	    $(if $(SCOPES)$(APPLICATION)$(ADDRESS),'$(SCOPES)') \
	    $(if $(APPLICATION)$(ADDRESS),'$(APPLICATION)') $(if $(ADDRESS),'$(ADDRESS)')

revoke: ## ends what an application has been issued in the running example (APPLICATION=id [REASON=text])
	@sh example/revoke $(if $(APPLICATION),'$(APPLICATION)') $(if $(REASON),'$(REASON)')

trial: ## in a bare Debian: the example, the package, other builds, each fuzzer for a minute
	.ci/trial

matrix: ## the package and all tests with nginx of Debian 12, 13 and unstable, in bare systems
	SUITE='bookworm trixie sid' .ci/trial package test

install: ## the module and what belongs to it, below DESTDIR (MODULES_DIR, DATA_DIR, DOC_DIR, MAN_DIR)
	@test -e build/ngx_eiam_module.so || { echo "first: make module" >&2; exit 1; }
	install -d "$(DESTDIR)$(MODULES_DIR)" "$(DESTDIR)$(DATA_DIR)" \
	    "$(DESTDIR)$(DOC_DIR)/docs" "$(DESTDIR)$(MAN_DIR)/man7"
	install -m 644 build/ngx_eiam_module.so "$(DESTDIR)$(MODULES_DIR)"
	install -m 644 conf/*.json conf/eiam-alerts.yml conf/eiam-log.conf \
	    "$(DESTDIR)$(DATA_DIR)"
	install -m 644 README.md CHANGES LICENSE "$(DESTDIR)$(DOC_DIR)"
	install -m 644 docs/* "$(DESTDIR)$(DOC_DIR)/docs"
	.ci/man docs/DIRECTIVES.md $(version) \
	    >"$(DESTDIR)$(MAN_DIR)/man7/ngx_http_eiam_module.7"

deb: ## the Debian package for this system, in build/deb
	.ci/deb

bench: module unit ## the benchmarks, half an hour (bench/run quick: three minutes)
	bench/run

dist: ## the release of the commit, with checksums and an SBOM, in build/dist
	.ci/dist

clean: ## removes everything built but the fetched nginx sources
	@mkdir -p build
	find build -mindepth 1 -maxdepth 1 ! -name nginx-src -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z_.-]*\):[^#]*## /\1\t/p' Makefile | expand -t 24

# The list of sources, rewritten only when a file comes or goes.
build/sources: FORCE
	@mkdir -p build
	@echo $(sources) | cmp -s - $@ || echo $(sources) >$@

build/dynamic/Makefile: $(configs) build/sources $(NGINX_DEV)/conf_flags
	.ci/configure dynamic $(NGINX_DEV) build/dynamic

# nginx's debug log changes no structure: also an nginx without loads the module.
build/debug/Makefile: $(configs) build/sources $(NGINX_DEV)/conf_flags
	CFLAGS='-g3 -O0 -fno-omit-frame-pointer' LDFLAGS= \
	    .ci/configure dynamic $(NGINX_DEV) build/debug --with-debug

# Begun anew, as an object of a file that is gone would count as never reached.
build/coverage/Makefile: $(configs) build/sources $(NGINX_DEV)/conf_flags
	rm -rf build/coverage
	CFLAGS='-g -O0 --coverage -fprofile-prefix-map=src/=$(NGINX_DEV)/src/' LDFLAGS=--coverage \
	    .ci/configure dynamic $(NGINX_DEV) build/coverage

# For its warnings, which it finds before it optimizes. Without nginx's debug log,
# which few builds but Debian's have: some variables are used only there.
build/clang/Makefile: $(configs) build/sources $(NGINX_DEV)/conf_flags Makefile
	CC=clang CFLAGS='-g0 -O0' DEBUG=no .ci/configure dynamic $(NGINX_DEV) build/clang

build/full/Makefile: $(configs) build/sources | build/nginx-src
	UNIT=no .ci/configure static build/nginx-src build/full

build/asan/Makefile: $(configs) build/sources Makefile | build/nginx-src
	CFLAGS='$(asan_cc)' LDFLAGS='$(sanitize)' \
	    .ci/configure static build/nginx-src build/asan \
	    --with-http_addition_module --with-http_sub_module

build/nginx-src:
	.ci/fetch-nginx $@

# nginx's own makefile knows what depends on what. With "make -j" all share jobs.
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
objects = $(MAKE) -s $(jobs) -C $1 -f $(build)/$2/Makefile $(build)/$2/$3

# One after the other, as both modules share their objects.
build/ngx_eiam_unit_module.so: build/ngx_eiam_module.so

ifdef NGINX_SRC

# For an nginx that is not Debian's, from its own sources.
build/ngx_eiam_module.so: build/other/Makefile $(sources)
	@$(MAKE) -s $(jobs) -C $(NGINX_SRC) -f $(build)/other/Makefile modules
	@cp build/other/ngx_eiam_module.so $@.new && mv $@.new $@

# A clone of nginx's repository has the script in another folder.
nginx_configure = $(patsubst $(NGINX_SRC)/%,./%,$(firstword \
    $(wildcard $(NGINX_SRC)/configure $(NGINX_SRC)/auto/configure)))

build/other/Makefile: FORCE
	@test -n "$(nginx_configure)" || { echo \
	    "NGINX_SRC=$(NGINX_SRC): there are no sources of nginx" >&2; exit 1; }
	@mkdir -p build/other
	cd $(NGINX_SRC) && $(nginx_configure) $(or $(NGINX_CONFIGURE),--with-compat) \
	    --add-dynamic-module=$(CURDIR) --builddir=$(build)/other \
	    >$(build)/other/configure.log \
	    || { tail -n 20 $(build)/other/configure.log >&2; exit 1; }

else

build/ngx_eiam_module.so build/ngx_eiam_unit_module.so: build/%: \
        build/dynamic/Makefile $(sources)
	@$(call objects,$(NGINX_DEV),dynamic,$*)
	@cp build/dynamic/$* $@.new && mv $@.new $@

endif

build/clang/ngx_eiam_module.so: build/clang/Makefile $(sources)
	@$(call objects,$(NGINX_DEV),clang,ngx_eiam_module.so)

# Both modules, as both share their objects.
build/debug/ngx_eiam_module.so build/coverage/ngx_eiam_module.so: \
        build/%/ngx_eiam_module.so: build/%/Makefile $(sources)
	@$(MAKE) -s $(jobs) -C $(NGINX_DEV) -f $(build)/$*/Makefile modules

# Objects of the module, and those of the sources that take steps anew. The unit
# tests come before, so that nothing changes while it is copied.
build/steps/ngx_eiam_module.so: build/ngx_eiam_module.so t/steps.h Makefile \
        | build/ngx_eiam_unit_module.so
	@rm -rf build/steps && cp -Rp build/dynamic build/steps
	@sed -i -e 's|$(build)/dynamic/|$(build)/steps/|g' \
	    -e 's|^CFLAGS =|& -include $(CURDIR)/t/steps.h|' build/steps/Makefile
	@cd build/steps/addon && rm $(patsubst src/%.c,%.o, \
	    $(shell grep -rl --include='*.c' 'ngx_eiam_shared_' src))
	@$(call objects,$(NGINX_DEV),steps,ngx_eiam_module.so)

build/full/nginx build/asan/nginx: build/%/nginx: build/%/Makefile $(sources)
	@$(call objects,$(build)/nginx-src,$*,nginx)
