# The models of the kernel's protocols, checked by spin.
#
#	make model		every configuration and mutant, about a minute
#	make model-long		larger configurations too, some minutes

.PHONY: model model-long

model:
	tests/model/check build/model

model-long:
	tests/model/check --long build/model
