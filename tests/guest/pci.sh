# PCI: the devices that QEMU was told to make are found, across bridges, with
# their BARs; MSI, MSI-X and reset work (kernel self-tests, which the command
# line asks for). The last run is a machine without a PCIe window.
#
# test: timeout 60
# test: guest --smp 4 --append selftest=pci
# test: guest+ --qemu '-readconfig tests/guest/lib/pci-q35.cfg'
# test: guest --smp 2 --debug --append selftest=pci
# test: guest+ --qemu '-readconfig tests/guest/lib/pci-pc.cfg'
. /tests/lib.sh

# count ID: how many functions have it
count() {
	awk -v id="$1" '$2 == id { n++ } END { print n + 0 }' \
	    /proc/bus/pci/devices
}

# field ID N: the Nth word of the first function that has it
field() {
	tr -s '\t ' ' ' < /proc/bus/pci/devices |
	    awk -v id="$1" -v n="$2" '$2 == id { print $n; exit }'
}

logged() {
	dmesg | grep -q "$1"
}

both() {
	is "one edu" "$(count 123411e8)" 1
	is "one NVMe controller" "$(count 1b360010)" 1
	is "one 82574" "$(count 808610d3)" 1
	is "one 82540, behind a bridge" "$(count 8086100e)" 1
	is "slot and function of the 82540" "$(field 8086100e 1 | cut -c 3-)" 28
	check "its bus is not the first" \
	    [ "$(field 8086100e 1 | cut -c 1-2)" != 00 ]
	is "length of edu's BAR" "$(field 123411e8 11)" 100000
	is "length of the 82574's first BAR" "$(field 808610d3 11)" 20000
	is "length of its ports" "$(field 808610d3 13)" 20
	is "length of its MSI-X BAR" "$(field 808610d3 14)" 4000
	is "length of NVMe's BAR" "$(field 1b360010 11)" 4000
	is "NVMe's BAR is of 64 bits" "$(field 1b360010 4 | tail -c 2)" 4
	is "every BAR has an address" "$(dmesg | grep -c 'no address')" 0
	check "every function is logged" \
	    [ "$(dmesg | grep -c '\] pci [0-9a-f:.]* [0-9a-f]*:')" \
	    -eq "$(wc -l < /proc/bus/pci/devices)" ]
	check "the driver took edu" logged 'pci 0000:.*: edu'
	check "MSI" logged 'pci: MSI of edu'
	check "MSI-X" logged 'pci: MSI-X of 82574, 5 messages'
	check "reset" logged 'pci: reset of NVMe'
	check "self-tests" logged 'selftest: 3 passed, 0 failed'
	no_warnings
}

q35() {
	is "two AHCI functions more" "$(count 80862922)" 3
	check "the fourth function of slot 9" grep -q '^004b' \
	    /proc/bus/pci/devices
	is "root ports" "$(count 1b36000c)" 2
	is "xHCI" "$(field 1b36000d 2)" 1b36000d
}

both
if [ "$(count 808629c0)" = 1 ]; then
	q35
else
	is "the 440FX" "$(count 80861237)" 1
	check "by ports" logged 'by ports 0xcf8'
fi
finish
