# The screen's font: Fixed 16, in the public domain, from Debian's
# console-setup-linux. Included by the top Makefile.

FONT_PACKAGE	:= console-setup-linux
FONT_FILE	:= usr/share/consolefonts/Uni2-Fixed16.psf.gz
FONT_DIR	:= build/src/$(FONT_PACKAGE)

OBJS	+= $O/gen/font.o
$O/kernel.pass1: $O/gen/font.o

$(FONT_DIR)/$(FONT_FILE):
	@mkdir -p $(FONT_DIR)
	@echo '  GET     $(FONT_PACKAGE)'
	$(Q)cd $(FONT_DIR) && \
	    apt-get -qq -o APT::Sandbox::User=$$(id -un) \
		download $(FONT_PACKAGE) && \
	    dpkg-deb -x $(FONT_PACKAGE)_*.deb . && rm $(FONT_PACKAGE)_*.deb
	@touch $@

build/gen/font.c: drivers/console/psf2c | $(FONT_DIR)/$(FONT_FILE)
	@mkdir -p $(@D)
	@echo '  FONT    $@'
	$(Q)drivers/console/psf2c $(FONT_DIR)/$(FONT_FILE) > $@.new
	@mv $@.new $@

$O/gen/font.o: build/gen/font.c drivers/console/font.h
	@mkdir -p $(@D)
	@echo '  CC      $@'
	$(Q)$(CC) $(KCFLAGS) -c -o $@ $<
