/* Compiled into AddressSanitizer's builds alone: leaks that are not ours to mend. */

/* The sanitizer's names, which it calls. NOLINTBEGIN(readability-identifier-naming) */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
/* NOLINTEND(readability-identifier-naming) */

/* DPDK 22.11's AF_XDP port, once a port for the life of the process: load_custom_xdp_prog() never
 * closes libbpf's object, and the handle xsk_umem__create() makes is not freed at close. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libbpf.so\n"
	       "leak:libxdp.so\n";
}

const char *
__lsan_default_options(void)
{
	return "print_suppressions=0";
}
