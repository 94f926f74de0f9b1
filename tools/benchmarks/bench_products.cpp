/// The linear layers' matrix products of one training step, or of one forward pass, and nothing
/// else, as they suit oneDNN best (weights in the layout that it asks for, primitives made once):
/// the ceiling of tokens/s for a program that multiplies with oneDNN. Prints one JSON object.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <dnnl.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using dnnl::memory;
using Tag = memory::format_tag;

struct Options {
    std::int64_t rows = 4096;
    std::int64_t channels = 768;
    std::int64_t layers = 12;
    std::int64_t vocabulary = 19564;
    std::int64_t head_rows = -1;
    bool forward = false;
    std::string precision = "bf16";
    int repeats = 3;
};

struct Product {
    dnnl::matmul primitive;
    std::unordered_map<int, memory> arguments;
    double flops;
};

class Products {
  public:
    explicit Products(Options const& options)
        : rows_(options.rows),
          forward_(options.forward),
          type_(options.precision == "bf16" ? memory::data_type::bf16 : memory::data_type::f32) {
        std::int64_t const c = options.channels;
        for (std::int64_t layer = 0; layer < options.layers; ++layer) {
            add_linear(c, 3 * c);
            add_linear(c, c);
            add_linear(c, 4 * c);
            add_linear(4 * c, c);
        }
        rows_ = options.head_rows < 0 ? rows_ : options.head_rows;
        add_linear(c, c);
        add_linear(c, options.vocabulary);
    }

    void run() {
        for (Product& product : products_) {
            product.primitive.execute(stream_, product.arguments);
        }
        stream_.wait();
    }

    double flops() const {
        double sum = 0;
        for (Product const& product : products_) {
            sum += product.flops;
        }
        return sum;
    }

  private:
    using Bytes = std::vector<std::uint16_t>;

    memory::desc activation(std::int64_t columns) const {
        return {{rows_, columns}, type_, Tag::ab};
    }

    static void grow(Bytes& bytes, std::size_t size) {
        constexpr std::uint16_t about_one = 0x3f80;
        bytes.resize(std::max(bytes.size(), (size + 1) / 2), about_one);
    }

    /// Weights and their gradients have memory of their own, activations share one for each
    /// operand.
    memory own(memory::desc const& description) {
        grow(owned_.emplace_back(), description.get_size());
        return {description, engine_, owned_.back().data()};
    }

    memory shared(memory::desc const& description, Bytes& bytes) {
        grow(bytes, description.get_size());
        return {description, engine_, DNNL_MEMORY_NONE};
    }

    dnnl::matmul::primitive_desc describe(memory::desc const& a, memory::desc const& b,
                                          memory::desc const& c, bool accumulate) const {
        dnnl::primitive_attr attributes;
        if (accumulate) {
            dnnl::post_ops after;
            after.append_sum(1.0F);
            attributes.set_post_ops(after);
        }
#if DNNL_VERSION_MAJOR >= 3
        return {engine_, a, b, c, attributes};
#else
        return {dnnl::matmul::desc(a, b, c), attributes, engine_};
#endif
    }

    /// output (R, out) = input (R, in) weight (in, out): also an input's gradient, with the extents
    /// exchanged.
    void add_product_with_weight(std::int64_t in, std::int64_t out) {
        auto const made =
            describe(activation(in), {{in, out}, type_, Tag::any}, activation(out), false);
        add(made, in, out,
            {{DNNL_ARG_SRC, shared(made.src_desc(), first_)},
             {DNNL_ARG_WEIGHTS, own(made.weights_desc())},
             {DNNL_ARG_DST, shared(made.dst_desc(), result_)}});
    }

    void add_linear(std::int64_t in, std::int64_t out) {
        add_product_with_weight(in, out);
        if (forward_) {
            return;
        }
        add_product_with_weight(out, in);
        auto const made = describe({{out, rows_}, type_, Tag::ba}, activation(in),
                                   {{out, in}, memory::data_type::f32, Tag::ab}, true);
        add(made, in, out,
            {{DNNL_ARG_SRC, shared(made.src_desc(), first_)},
             {DNNL_ARG_WEIGHTS, shared(made.weights_desc(), second_)},
             {DNNL_ARG_DST, own(made.dst_desc())}});
    }

    void add(dnnl::matmul::primitive_desc const& made, std::int64_t in, std::int64_t out,
             std::unordered_map<int, memory> const& arguments) {
        products_.push_back(
            {dnnl::matmul(made), arguments, 2.0 * static_cast<double>(rows_ * in * out)});
    }

  public:
    /// The shared arrays have their place only when all products are known.
    void bind() {
        for (Product& product : products_) {
            for (auto& [argument, operand] : product.arguments) {
                if (operand.get_data_handle() == nullptr) {
                    operand.set_data_handle(argument == DNNL_ARG_SRC       ? first_.data()
                                            : argument == DNNL_ARG_WEIGHTS ? second_.data()
                                                                           : result_.data());
                }
            }
        }
    }

  private:
    std::int64_t rows_;  ///< of the products that are added next
    bool forward_;
    memory::data_type type_;
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    std::vector<Product> products_;
    std::deque<Bytes> owned_;
    Bytes first_;
    Bytes second_;
    Bytes result_;
};

double seconds_of(Products& products) {
    auto const began = Clock::now();
    products.run();
    return std::chrono::duration<double>(Clock::now() - began).count();
}

int measure(Options const& options) {
    Products products(options);
    products.bind();
    seconds_of(products);
    std::vector<double> seconds;
    for (int repeat = 0; repeat < options.repeats; ++repeat) {
        seconds.push_back(seconds_of(products));
    }
    std::ranges::sort(seconds);
    double const median = seconds[seconds.size() / 2];
    nlohmann::ordered_json result;
    result["precision"] = options.precision;
    result["rows"] = options.rows;
    result["step_seconds"] = median;
    result["tokens_per_second"] = static_cast<double>(options.rows) / median;
    result["gflops"] = products.flops() / median / 1e9;
    std::cout << result.dump() << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program("Products of a training step through oneDNN; threads: OMP_NUM_THREADS.");
    Options options;
    program.add_option("--rows", options.rows, "Positions of a step");
    program.add_option("--channels", options.channels, "Channels of the model");
    program.add_option("--layers", options.layers, "Layers of the model");
    program.add_option("--vocabulary", options.vocabulary, "Words of the vocabulary");
    program.add_option("--head-rows", options.head_rows,
                       "Positions whose logits are computed (default: all)");
    program.add_flag("--forward", options.forward, "Of a forward pass alone");
    program.add_option("--precision", options.precision, "Type of the operands")
        ->check(CLI::IsMember({"bf16", "float"}));
    program.add_option("--repeats", options.repeats, "Steps timed")->check(CLI::PositiveNumber);
    CLI11_PARSE(program, argc, argv);
    try {
        return measure(options);
    } catch (dnnl::error const& failure) {
        std::cerr << "oneDNN cannot multiply " << options.precision << " here (" << failure.what()
                  << ")\n";
        return 1;
    }
}
