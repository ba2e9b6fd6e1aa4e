// Links against driftdb.cc with the libraries README.md lists and nothing else.
int main() { return 0; }
