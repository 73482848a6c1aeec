/* Statically linked: no preload reaches it. Ends with a code of its own. */
int main(void) { return 3; }
