#include "dnagpt/genome/table_rows.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using Texts = std::vector<std::string>;

class TableRows : public ::testing::Test {
  protected:
    /// All rows, each as "number:field|field".
    Texts rows(std::string const& text, Texts const& columns) {
        Texts rows;
        names_ =
            for_each_table_row(folder_.write("t.txt", text), columns, [&](TableRow const& row) {
                std::string line = std::to_string(row.number) + ":" + row.fields.front();
                for (std::size_t i = 1; i < row.fields.size(); ++i) {
                    line += "|" + row.fields[i];
                }
                rows.push_back(line);
            });
        return rows;
    }
    void expect_error(std::string const& text, Texts const& columns, std::string const& part) {
        std::string const message = message_of([&] { rows(text, columns); });
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }

    testing::TemporaryFolder folder_;
    Texts names_;
};

TEST_F(TableRows, ColumnsAreFoundByNameInTheirOrder) {
    EXPECT_EQ(rows("id,\"a, b\",x\ng1,1,2\n\n\"g,2\", 3 ,4\r\n", {"x", "id"}),
              (Texts{"2:2|g1", "4:4|g,2"}));
    EXPECT_EQ(names_, (Texts{"x", "id"}));
    EXPECT_EQ(rows("id,\"a, b\",x\ng1,1,2\n", {"a, b"}), (Texts{"2:1"}));
}

TEST_F(TableRows, FieldsAreSeparatedByTabsCommasOrBlanks) {
    EXPECT_EQ(rows("id\tv\tw\ng1\t\t3,5\n", {"v", "w"}), (Texts{"2:|3,5"}));
    EXPECT_EQ(rows("id  v\ng1 2\n g2   3 \n", {"v"}), (Texts{"2:2", "3:3"}));
    EXPECT_EQ(rows("\xEF\xBB\xBF#id\tv\ng1\t7\n", {"id", "v"}), (Texts{"2:g1|7"}));
}

TEST_F(TableRows, NumbersAloneMeanNoHeadLine) {
    EXPECT_EQ(rows("g1\t5\ng2\t6\n", {"2", "1"}), (Texts{"1:5|g1", "2:6|g2"}));
    EXPECT_EQ(names_, (Texts{"column 2", "column 1"}));
    EXPECT_EQ(rows("id\tv\ng2\t6\n", {"2", "id"}), (Texts{"2:6|g2"}));
    EXPECT_EQ(names_, (Texts{"v", "id"}));
}

TEST_F(TableRows, ErrorsNameColumnsAndRows) {
    expect_error("id,v\ng,1\n", {"w"}, "t.txt has no column 'w' (its first line is: id, v)");
    expect_error("id,v,v\ng,1,2\n", {"v"}, "two columns 'v'");
    expect_error("g,1\n", {"3"}, "no column 3 (its first line has 2 columns");
    expect_error("g,1\n", {"0"}, "no column 0");
    expect_error("id,v\ng,1\nh\n", {"v"}, "t.txt row 3 has 1 columns (the first line has 2)");
    expect_error("id,v\ng,1,2\n", {"v"}, "row 2 has 3 columns");
    expect_error("id,v\n\n", {"v"}, "t.txt holds no row");
    expect_error("", {"v"}, "t.txt holds no row");
    EXPECT_NE(message_of([&] {
                  for_each_table_row(folder_.file("none"), {"v"}, [](TableRow const&) {});
              }).find("none cannot be opened"),
              std::string::npos);
}

TEST(TableNumbers, MissingIsNoNumberAndOtherTextIsAnError) {
    for (std::string const text : {"", "NA", "nan", "N/A", "null", "None", "."}) {
        EXPECT_FALSE(number_field("f", 1, "v", text).has_value()) << text;
    }
    EXPECT_EQ(number_field("f", 1, "v", "-1.5e2"), -150);
    EXPECT_EQ(number_field("f", 1, "v", "+2"), 2);
    for (std::string const text : {"1,5", "x", "inf", "1e999", "+-1", "3 4"}) {
        EXPECT_NE(message_of([&] {
                      number_field("f.csv", 7, "v", text);
                  }).find("f.csv row 7: '" + text + "' in v is no finite number"),
                  std::string::npos)
            << text;
    }
}

TEST_F(TableRows, ReadsTheRealTables) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real tables";
    }
    std::string const expression = std::string(folder) + "/expression/";
    int rows = 0;
    auto const count = [&](TableRow const& row) { rows += row.fields[0].starts_with("ENSG"); };
    for_each_table_row(expression + "mRNA_halflife_features.csv.gz", {"gene_id", "UTR5GC"}, count);
    EXPECT_EQ(rows, 18'377);
    for_each_table_row(expression + "1to1_orthologs_expression.txt.gz", {"1", "4"}, count);
    EXPECT_EQ(rows, 18'377 + 15'348);
    EXPECT_EQ(table_head(expression + "xpresso_mini_human_20kb.tsv.gz").size(), 19U);
}

TEST_F(TableRows, ATabWithinAFieldIsNamed) {
    std::string const path = folder_.write("t.csv", "id,x\n\"a\tb\",1\n");
    EXPECT_NE(message_of([&] {
                  for_each_table_row(path, {"id"}, [](TableRow const&) {});
              }).find("t.csv row 2 holds a tab within the field 'a\tb'"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
