#include "dnagpt/data/finetune_task.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(NumberScale const& scale) {
    return {{"mean", scale.mean}, {"deviation", scale.deviation}};
}

NumberScale scale_from(Json const& json) {
    return {json.at("mean").get<double>(), json.at("deviation").get<double>()};
}

Json to_json(SetTask const& set) {
    Json json;
    json["name"] = set.name;
    json["answer"] = answer_name(set.answer);
    json["prompt"] = set.prompt;
    json["species_token"] = std::string(1, set.species_token);
    json["classes"] = set.classes;
    json["number_names"] = set.number_names;
    json["numbers"] = Json::array();
    for (NumberScale const& scale : set.numbers) {
        json["numbers"].push_back(to_json(scale));
    }
    json["target_name"] = set.target_name;
    json["target"] = to_json(set.target);
    json["bases"] = set.bases;
    return json;
}

char letter_from(std::string const& text) {
    DNAGPT_VALIDATE(text.size() == 1, << "the checkpoint's task has the species token '" << text
                                      << "', which is not one letter; it was written by another "
                                         "version: use that one");
    return text.front();
}

SetTask set_from(Json const& json) {
    SetTask set;
    set.name = json.at("name").get<std::string>();
    set.answer = answer_called(json.at("answer").get<std::string>());
    set.prompt = json.at("prompt").get<std::string>();
    set.species_token = letter_from(json.at("species_token").get<std::string>());
    set.classes = json.at("classes").get<std::vector<std::string>>();
    set.number_names = json.at("number_names").get<std::vector<std::string>>();
    for (Json const& scale : json.at("numbers")) {
        set.numbers.push_back(scale_from(scale));
    }
    set.target_name = json.at("target_name").get<std::string>();
    set.target = scale_from(json.at("target"));
    set.bases = json.at("bases").get<std::int64_t>();
    return set;
}

void require_same_answer(LabelledSet const& set, SetTask const& task) {
    if (task.answer == AnswerKind::words) {
        return;  // any sequence can be written
    }
    DNAGPT_VALIDATE(set.answer == task.answer,
                    << set.path << " has the answer " << answer_name(set.answer) << ", and '"
                    << task.name << "' was trained for the answer " << answer_name(task.answer)
                    << "; give a set of that kind");
    DNAGPT_VALIDATE(set.target_name == task.target_name,
                    << set.path << " asks for the number '" << set.target_name << "', and '"
                    << task.name << "' was trained for '" << task.target_name
                    << "'; make the set with that column");
}

bool holds(std::vector<std::string> const& names, std::string const& name) {
    return std::ranges::find(names, name) != names.end();
}

/// Labels are places in the list of classes: it must be the same.
void require_same_classes(LabelledSet const& set, SetTask const& task) {
    auto const class_of = [&](LabelledExample const& example) -> std::string const& {
        return set.classes[static_cast<std::size_t>(example.label)];
    };
    auto const stranger = std::ranges::find_if(
        set.examples, [&](auto const& each) { return !holds(task.classes, class_of(each)); });
    DNAGPT_VALIDATE(stranger == set.examples.end(),
                    << set.path << ": example " << stranger->id << " is of class '"
                    << class_of(*stranger) << "', and '" << task.name << "' was trained for "
                    << fmt::format("{}", fmt::join(task.classes, ", "))
                    << "; take such examples out, or give them one of these classes");
    for (std::string const& name : task.classes) {
        DNAGPT_VALIDATE(holds(set.classes, name),
                        << set.path << " has no class '" << name << "', which '" << task.name
                        << "' was trained for; make the set with examples of every class");
    }
    DNAGPT_VALIDATE(set.classes == task.classes, << set.path << " has the classes "
                                                 << fmt::format("{}", fmt::join(set.classes, ", "))
                                                 << " in this order, and '" << task.name
                                                 << "' was trained for "
                                                 << fmt::format("{}", fmt::join(task.classes, ", "))
                                                 << "; make the set as that one was made");
}

void require_same_numbers(LabelledSet const& set, SetTask const& task) {
    auto const [given, wanted] = std::ranges::mismatch(set.number_names, task.number_names);
    auto const text = [](auto const& at, auto const& end) {
        return at == end ? std::string("missing") : "'" + *at + "'";
    };
    DNAGPT_VALIDATE(set.number_names == task.number_names,
                    << set.path << ": number " << given - set.number_names.begin() + 1 << " is "
                    << text(given, set.number_names.end()) << ", and that of '" << task.name
                    << "' is " << text(wanted, task.number_names.end())
                    << "; make the set with the same --number-columns");
}

}  // namespace

SetTask const& task_called(FinetuneTask const& task, std::string const& name) {
    auto const found = std::ranges::find(task.sets, name, &SetTask::name);
    std::string known;
    for (SetTask const& set : task.sets) {
        known += " " + set.name;
    }
    DNAGPT_VALIDATE(found != task.sets.end(), << "the checkpoint was not fine-tuned for '" << name
                                              << "'; it knows"
                                              << (known.empty() ? " no task" : known));
    return *found;
}

void require_same_task(LabelledSet const& set, SetTask const& task) {
    require_same_answer(set, task);
    if (task.answer == AnswerKind::classes) {
        require_same_classes(set, task);
    }
    require_same_numbers(set, task);
}

std::string to_text(FinetuneTask const& task) {
    Json json;
    json["reverse_complement"] = task.reverse_complement;
    json["sets"] = Json::array();
    for (SetTask const& set : task.sets) {
        json["sets"].push_back(to_json(set));
    }
    return json.dump();
}

FinetuneTask finetune_task_from(std::string const& text) {
    FinetuneTask task;
    if (text.empty()) {
        return task;
    }
    try {
        Json const json = Json::parse(text);
        task.reverse_complement = json.at("reverse_complement").get<bool>();
        for (Json const& set : json.at("sets")) {
            task.sets.push_back(set_from(set));
        }
        return task;
    } catch (Json::exception const& problem) {
        throw Error(std::string("the checkpoint's task cannot be read (") + problem.what() +
                    "); it was written by another version: use that one");
    }
}

}  // namespace dnagpt
