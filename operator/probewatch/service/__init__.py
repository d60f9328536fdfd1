"""The running operator. Rule: constructors build each part once; what fails is restarted."""
