// Stands in for libFuzzer where the compiler has none: runs every file of the given folders, then
// seeded mutations of them (of the empty input without files). DRIFTDB_FUZZ_SEED repeats a run,
// DRIFTDB_FUZZ_RUNS sets the number of mutations. The seed is printed first, so that it survives a
// crash.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void ReplayRun(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::vector<std::string> ReplayCorpus(int argc, char** argv) {
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  return corpus;
}

std::string ReplayMutate(std::string input, const std::vector<std::string>& corpus,
                         std::mt19937_64* random) {
  const auto below = [random](size_t bound) { return static_cast<size_t>((*random)() % bound); };
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    const size_t at = below(input.size() + 1);
    switch (below(4)) {
      case 0:
        input.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.erase(at, below(8));
        break;
      default: {
        const std::string& other = corpus[below(corpus.size())];
        const size_t from = below(other.size() + 1);
        input.insert(at, other.substr(from, below(32)));
      }
    }
  }
  return input;
}

uint64_t ReplayNumber(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> corpus = ReplayCorpus(argc, argv);
  for (const std::string& input : corpus) ReplayRun(input);
  const size_t files = corpus.size();
  if (corpus.empty()) corpus.emplace_back();
  const uint64_t seed = ReplayNumber("DRIFTDB_FUZZ_SEED", std::random_device()());
  const uint64_t runs = ReplayNumber("DRIFTDB_FUZZ_RUNS", 20000);
  std::printf("seed: DRIFTDB_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  for (uint64_t i = 0; i < runs; ++i) {
    ReplayRun(ReplayMutate(corpus[random() % corpus.size()], corpus, &random));
  }
  std::printf("%zu files, %llu mutations\n", files, static_cast<unsigned long long>(runs));
  return 0;
}
